/* Registers of a 16550 UART, as offsets of I/O ports. Source: National Semiconductor, PC16550D data sheet. */
#pragma once

#define DATA             0
#define INTERRUPT_ENABLE 1
#define INTERRUPT_CAUSE  2 /* read */
#define FIFO_CONTROL     2 /* write */
#define LINE_CONTROL     3
#define MODEM_CONTROL    4
#define LINE_STATUS      5
#define SCRATCH          7

#define ENABLE_RECEIVED  0x01
#define LINE_8N1         0x03
#define LINE_DIVISOR     0x80 /* makes DATA and INTERRUPT_ENABLE the divisor of the clock */
#define MODEM_INTERRUPTS 0x0b /* DTR, RTS, and OUT2, which lets the interrupt out */
#define MODEM_LOOPBACK   0x10
#define STATUS_RECEIVED  0x01
#define STATUS_TRANSMIT  0x20 /* the transmitter takes bytes: its FIFO is empty */
