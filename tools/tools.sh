# shellcheck shell=bash
# Reading tools/tools.list; sourced by tools/doctor, tools/need and tools/setup. Bash and the few
# programs that every Debian has: on a fresh machine there is nothing else yet.

tools_directory=$(dirname "$0")

# Debian's python3 is asked for by its path: one of another origin earlier on the PATH has none of
# Debian's modules.
python=/usr/bin/python3
[ -x "$python" ] || python=python3

tools_prefix=${CROSS_COMPILE-$("$tools_directory/find-compiler" 2>/dev/null || true)}

# tools_list PURPOSE [PROBE...]: the lines of the table that the purpose needs, and those of the
# probes.
tools_list() {
    local needs need probe package without
    case $1 in
    build) needs="build" ;;
    run) needs="build run" ;;
    test) needs="build run test" ;;
    all) needs="build run test extra" ;;
    *) needs="" ;;
    esac
    shift
    while read -r need probe package without; do
        case " $needs $* " in
        *" $need "* | *" $probe "*) [ "$need" = "#" ] || echo "$need $probe $package $without" ;;
        esac
    done <"$tools_directory/tools.list"
}

# tools_find PROBE: print where it is, or fail.
tools_find() {
    case $1 in
    /*)
        [ -e "$1" ] && echo "$1"
        ;;
    python:*)
        "$python" -c "import ${1#python:} as it; print(it.__file__)" 2>/dev/null
        ;;
    cross:*)
        command -v "$tools_prefix${1#cross:}"
        ;;
    *)
        command -v "$1"
        ;;
    esac
}
