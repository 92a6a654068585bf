/* The host's stacks do not end early: a depth section touches nothing. */
#pragma once

#define depth_section(bytes)                ((void)(bytes))
#define depth_section_if_preemptible(bytes) ((void)(bytes))
