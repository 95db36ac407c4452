#!/bin/sh
# Measures golaunch against Open MPI and MPICH: ./bench.sh -h. The program is benchmarks/bench.
set -eu
BENCH_FROM=$PWD
export BENCH_FROM
cd "$(dirname "$0")"

installed=
for arg; do # every argument once; those that stay go back to the end
	shift
	case $arg in
	-install-peers | --install-peers)
		if ! command -v apt-get >/dev/null; then
			echo "bench.sh: -install-peers needs apt-get; install Open MPI and MPICH (mpirun.openmpi, mpirun.mpich, and their mpicc) by hand" >&2
			exit 1
		fi
		[ "$(id -u)" = 0 ] && as_root= || as_root=sudo
		$as_root apt-get update -q
		$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y gcc libc6-dev openmpi-bin libopenmpi-dev mpich libmpich-dev
		installed=1
		;;
	*) set -- "$@" "$arg" ;;
	esac
done
[ -n "$installed" ] && [ $# -eq 0 ] && exit 0
exec go run ./benchmarks/bench "$@"
