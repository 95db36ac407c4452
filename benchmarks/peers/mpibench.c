/*
 * mpibench in C: the twin of benchmarks/mpibench for MPI libraries.
 *
 * Same cases, same loops, same warm-up, same choice of the number of iterations, same buffers as the Go program, so that
 * the two differ in the message-passing library alone. Build it with the library's own wrapper, -O3:
 *
 *     mpicc.openmpi -O3 -o mpibench.openmpi *.c
 *     mpicc.mpich   -O3 -Wno-stringop-overflow -o mpibench.mpich *.c     (its MPI_STATUSES_IGNORE is the address 1)
 *
 * Usage: mpibench [-json] [-budget MS] [-seconds S] [-points CASE:SIZE,...] [CASE...]
 *
 *     latency    ping-pong of ranks 0 and 1; one way = half a round trip                              us
 *     bw         windows of 64 non-blocking sends from 0 to 1, then a 4 byte answer                   MB/s
 *     bibw       windows of 64 both ways at the same time                                             MB/s
 *     mbw_mr     bw from the lower half of the ranks to the upper half, as a message rate             Mmsg/s
 *     multi_lat  ping-pong of every rank of the lower half with its partner, mean of the pairs        us
 *     barrier    mean over the ranks                                                                  us
 *     dup, split                  make a communicator and free it; split: two, of every second rank    us
 *     dup_barrier, split_barrier  the same with a first barrier on it                                  us
 *     bcast, reduce, allreduce, reduce_scatter[_block], scan, exscan    as osu_*: mean over the ranks us
 *     allgather[v], alltoall[v, w], gather[v], scatter[v]               the same                      us
 *     ibcast, ireduce ...       all of these in their nonblocking form, begun and waited for          us
 *     barrier_persistent, bcast_persistent, allreduce_persistent        prepared once                 us
 *     neighbor_allgather, neighbor_alltoall    with the two neighbours on a ring                      us
 *     iallreduce_overlap ...    how much of that time is free for a computation                       %
 *     idle       processor time of a rank that waits in a receive for S seconds                       %
 *     memory     shared memory resident per rank after messages between ring neighbours               MiB
 *     hello      MPI_Init and MPI_Finalize, nothing else                                              (timed from outside)
 *
 * MB/s means 10^6 bytes a second, a size of 4K means 4096 bytes.
 */
#define _GNU_SOURCE
#include "mpibench.h"
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_POINTS = 1024 };

int rank, size;
double idle_for = 3;
char *sbuf, *rbuf;
static int as_json;
static double budget = 0.1; /* seconds that the measured loop of one point should take */

struct point {
	const char *name;
	size_t bytes;
};

void die(const char *what, const char *detail) {
	fprintf(stderr, "mpibench: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	int up = 0;
	MPI_Initialized(&up);
	if (up)
		MPI_Abort(MPI_COMM_WORLD, 1);
	exit(1);
}

/* The clock that the Go program reads, too. */
double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- pacing: how many iterations ---- */

/*
 * Batches of 1, 4, 16 ... iterations warm everything up until one takes an eighth of the budget. The next one is as long
 * as the budget at the pace of that one, and it is the measured one unless it took less than a quarter of the budget: then
 * an interruption had made the pace look slow, and a longer one follows.
 */
struct pace {
	long n;        /* iterations of the batch at hand */
	int measuring; /* the warm-up is over */
};

static long paced_iterations(long n, double t) {
	double want = t > 0 ? budget * (double)n / t : 1e9;
	if (want < 1)
		return 1;
	if (want > 1e9)
		return 1000000000;
	return (long)(want + 0.5);
}

/* The batch at hand took t seconds: sets the next one, 0 iterations when it was the measured one. */
static void pace_next(struct pace *p, double t) {
	if (p->measuring) {
		p->n = t >= budget / 4 || p->n >= 1000000000 ? 0 : paced_iterations(p->n, t);
	} else if (t >= budget || (p->n >= 2 && t >= budget / 8)) {
		p->measuring = 1;
		p->n = paced_iterations(p->n, t);
	} else {
		p->n *= 4;
	}
}

void share(long *n) {
	if (rank == 0) {
		for (int r = 1; r < size; r++)
			MPI_Send(n, 1, MPI_LONG, r, TAG_CONTROL, MPI_COMM_WORLD);
	} else {
		MPI_Recv(n, 1, MPI_LONG, 0, TAG_CONTROL, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	}
}

/* Rank 0 gets the sum of one number and the largest of another over the first `clocks` ranks. */
static void gather_times(double *sum, double *longest, int clocks) {
	double mine[2] = {*sum, *longest}, other[2];
	if (rank == 0) {
		for (int r = 1; r < clocks; r++) {
			MPI_Recv(other, 2, MPI_DOUBLE, r, TAG_CONTROL, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
			*sum += other[0];
			*longest = other[1] > *longest ? other[1] : *longest;
		}
	} else if (rank < clocks) {
		MPI_Send(mine, 2, MPI_DOUBLE, 0, TAG_CONTROL, MPI_COMM_WORLD);
	}
}

/* The slowest of the ranks whose clocks count sets the pace, because one pair can be many times slower than another when there are more ranks
 * than processors. */
double run_paced(double (*loop)(long n), int clocks, long *iterations) {
	struct pace p = {1, 0};
	double sum = 0;
	for (long n = 1;; n = p.n) {
		share(&n);
		if (!n)
			break;
		*iterations = n;
		MPI_Barrier(MPI_COMM_WORLD);
		double t0 = now();
		sum = loop(n);
		double longest = now() - t0;
		gather_times(&sum, &longest, clocks);
		pace_next(&p, longest);
	}
	return sum / clocks / (double)*iterations;
}

/* ---- points ---- */

static size_t parse_size(const char *s) {
	char *end;
	unsigned long long v = strtoull(s, &end, 10);
	if (*end == 'K' || *end == 'k')
		v <<= 10, end++;
	else if (*end == 'M' || *end == 'm')
		v <<= 20, end++;
	if (end == s || *end || v > 1ull << 30)
		die("bad size", s);
	return (size_t)v;
}

static int known(const char *name) { return pt2pt_has(name) || collective_has(name) || waiting_has(name); }

static int add(struct point *p, int n, const char *name, size_t bytes) {
	if (n == MAX_POINTS)
		die("too many points", name);
	p[n].name = name;
	p[n].bytes = bytes;
	return n + 1;
}

/* CASE:SIZE,CASE:SIZE ...; a case without a size has size 0. */
static int parse_points(char *list, struct point *p, int n) {
	for (char *one = strtok(list, ","); one; one = strtok(NULL, ",")) {
		char *colon = strchr(one, ':');
		if (colon)
			*colon = 0;
		if (!known(one))
			die("unknown case", one);
		n = add(p, n, one, colon ? parse_size(colon + 1) : 0);
		if (collective_has(one) && collective_floats(one) && p[n - 1].bytes % 4)
			die("this case wants a multiple of 4", one);
	}
	return n;
}

/* A bare case: the sizes that people are used to. */
static int default_points(const char *name, struct point *p, int n) {
	if (!known(name))
		die("unknown case", name);
	if (waiting_has(name) || (pt2pt_has(name) && !pt2pt_sized(name)) || !strcmp(name, "barrier_persistent"))
		return add(p, n, name, 0);
	if (strstr(name, "lat"))
		n = add(p, n, name, 0);
	int of_all = collective_has(name);
	size_t first = of_all && collective_floats(name) ? 4 : 1, last = of_all ? 1 << 20 : 4 << 20;
	for (size_t b = first; b <= last; b *= 2)
		n = add(p, n, name, b);
	return n;
}

void fill_pattern(char *buf, size_t bytes) {
	for (size_t i = 0; i < bytes; i++)
		buf[i] = (char)((uint32_t)(i % PATTERN) * 2654435761u >> 24);
}

static char *page_aligned(size_t bytes) {
	void *p;
	if (posix_memalign(&p, 4096, bytes + 4096))
		die("no memory for the buffers", NULL);
	memset(p, 0, bytes + 4096);
	return p;
}

/* The bytes that a point needs on this rank. */
static void buffers(const struct point *p, size_t *sends, size_t *receives) {
	*sends = *receives = waiting_has(p->name) ? LARGEST_MEMORY : p->bytes;
	if (!collective_has(p->name))
		return;
	if (collective_fits(p->name, p->bytes))
		collective_buffers(p->name, rank, p->bytes, sends, receives);
	else
		*sends = *receives = 0;
}

static void print_result(const struct point *p, const struct result *r) {
	static const char *last;
	if (r->missing) {
		if (as_json)
			printf("{\"case\":\"%s\",\"bytes\":%zu,\"ranks\":%d,\"unit\":\"%s\",\"missing\":true}\n", p->name, p->bytes, size, r->unit);
		else
			printf("# %s left out: this library has no such operation\n", p->name);
	} else if (as_json) {
		printf("{\"case\":\"%s\",\"bytes\":%zu,\"ranks\":%d,\"unit\":\"%s\",\"value\":%.6g,\"iterations\":%ld}\n", p->name, p->bytes,
		       size, r->unit, r->value, r->iterations);
	} else {
		if (!last || strcmp(last, p->name)) {
			printf("%s# %s, %d ranks\n# %-8s", last ? "\n" : "", p->name, size, "Size");
			if (r->pure > 0)
				printf("%18s%18s%18s", "Overall(us)", "Compute(us)", "Pure Comm.(us)");
			printf("%18s\n", r->title);
		}
		last = p->name;
		printf("%-10zu", p->bytes);
		if (r->pure > 0)
			printf("%18.2f%18.2f%18.2f", r->overall, r->compute, r->pure);
		printf("%18.2f\n", r->value);
	}
	fflush(stdout);
}

/* One line that says on which processors every rank may run. */
static void print_affinity(void) {
	uint64_t mask = 0;
	cpu_set_t set;
	if (!sched_getaffinity(0, sizeof set, &set))
		for (int c = 0; c < 64; c++)
			if (CPU_ISSET(c, &set))
				mask |= 1ull << c;
	if (rank > 0) {
		MPI_Send(&mask, 1, MPI_UINT64_T, 0, TAG_CONTROL, MPI_COMM_WORLD);
		return;
	}
	printf("{\"case\":\"affinity\",\"ranks\":%d,\"masks\":[", size);
	for (int r = 0; r < size; r++) {
		if (r > 0)
			MPI_Recv(&mask, 1, MPI_UINT64_T, r, TAG_CONTROL, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		printf("%s\"%llx\"", r ? "," : "", (unsigned long long)mask);
	}
	printf("]}\n");
	fflush(stdout);
}

static void run_point(const struct point *p) {
	struct result r = {0};
	if (waiting_has(p->name)) {
		waiting_run(p->name, &r);
	} else if (pt2pt_has(p->name)) {
		pt2pt_run(p->name, p->bytes, &r);
	} else if (collective_fits(p->name, p->bytes)) {
		collective_run(p->name, p->bytes, &r);
	} else if (as_json) {
		die("the buffers of all ranks are above 256 MiB together", p->name);
	} else {
		if (rank == 0)
			printf("# %s:%zu left out: the buffers of %d ranks are above 256 MiB together\n", p->name, p->bytes, size);
		return;
	}
	if (rank == 0)
		print_result(p, &r);
}

int main(int argc, char **argv) {
	static struct point points[MAX_POINTS];
	int n = 0, hello = 0;
	for (int i = 1; i < argc; i++) {
		char *a = argv[i];
		int more = i + 1 < argc;
		if (!strcmp(a, "-json"))
			as_json = 1;
		else if (!strcmp(a, "-budget") && more)
			budget = atof(argv[++i]) / 1000;
		else if (!strcmp(a, "-seconds") && more)
			idle_for = atof(argv[++i]);
		else if (!strcmp(a, "-points") && more && !strcmp(argv[i + 1], "hello"))
			hello = 1, i++;
		else if (!strcmp(a, "-points") && more)
			n = parse_points(argv[++i], points, n);
		else if (a[0] == '-')
			die("unknown flag or value missing", a);
		else if (!strcmp(a, "hello"))
			hello = 1;
		else
			n = default_points(a, points, n);
	}
	if (budget <= 0 || idle_for <= 0)
		die("budget and seconds must be positive", NULL);
	if (!n && !hello)
		die("nothing to measure: give a case, or -points", NULL);

	MPI_Init(&argc, &argv);
	if (hello) {
		MPI_Finalize();
		return 0;
	}
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &size);
	size_t sends = 0, receives = 0;
	for (int i = 0; i < n; i++) {
		size_t s, r;
		buffers(&points[i], &s, &r);
		sends = s > sends ? s : sends;
		receives = r > receives ? r : receives;
	}
	sbuf = page_aligned(sends);
	rbuf = page_aligned(receives);
	/* A memory point must not be preceded by messages between others than neighbours. */
	if (as_json && strcmp(points[0].name, "memory"))
		print_affinity();
	for (int i = 0; i < n; i++)
		run_point(&points[i]);
	MPI_Finalize();
	return 0;
}
