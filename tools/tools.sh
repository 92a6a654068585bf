# shellcheck shell=bash
# Reading tools/tools.list; sourced by tools/doctor, tools/need and tools/setup. Bash and the few
# programs that every Debian has: on a fresh machine there is nothing else yet.

tools_directory=$(dirname "$0")

# Debian's python3 is asked for by its path: one of another origin earlier on the PATH has none of
# Debian's modules. On macOS the one at this path is too old.
python=/usr/bin/python3
[ -x "$python" ] && [ "$(uname -s 2>/dev/null || true)" != Darwin ] || python=python3

# On a processor of another kind the machine's own compiler is of no use, and Debian has one that is.
tools_package_suffix= tools_prefix_wanted=
case $(uname -m 2>/dev/null || true) in
"" | x86_64 | amd64) ;;
*) tools_package_suffix=-x86-64-linux-gnu tools_prefix_wanted=x86_64-linux-gnu- ;;
esac
tools_prefix=${CROSS_COMPILE-$("$tools_directory/find-compiler" 2>/dev/null || echo $tools_prefix_wanted)}

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
        case $probe in
        cross:*) package+=$tools_package_suffix ;;
        esac
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
