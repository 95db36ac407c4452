/*
 * mpibench in C: the twin of benchmarks/mpibench for MPI libraries.
 *
 * Same cases, same loops, same warm-up, same choice of the number of iterations, same buffers as the Go program, so that
 * the two differ in the message-passing library alone. Build it with the library's own wrapper, -O3:
 *
 *     mpicc.openmpi -O3 -o mpibench.openmpi mpibench.c
 *     mpicc.mpich   -O3 -Wno-stringop-overflow -o mpibench.mpich mpibench.c     (its MPI_STATUSES_IGNORE is the address 1)
 *
 * Usage: mpibench [-json] [-budget MS] [-seconds S] [-points CASE:SIZE,...] [CASE...]
 *
 *     latency    ping-pong of ranks 0 and 1; one way = half a round trip                              us
 *     bw         windows of 64 non-blocking sends from 0 to 1, then a 4 byte answer                   MB/s
 *     bibw       windows of 64 both ways at the same time                                             MB/s
 *     mbw_mr     bw from the lower half of the ranks to the upper half, as a message rate             Mmsg/s
 *     multi_lat  ping-pong of every rank of the lower half with its partner, mean of the pairs        us
 *     barrier    mean over the ranks                                                                  us
 *     idle       processor time of a rank that waits in a receive for S seconds                       %
 *     memory     shared memory resident per rank after messages between ring neighbours               MiB
 *     hello      MPI_Init and MPI_Finalize, nothing else                                              (timed from outside)
 *
 * MB/s means 10^6 bytes a second, a size of 4K means 4096 bytes.
 */
#define _GNU_SOURCE
#include <mpi.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 64, TAG_DATA = 1, TAG_ACK = 2, TAG_CONTROL = 3, MAX_POINTS = 1024, PATTERN = 4093 };

static int rank, size;
static int as_json;
static double budget = 0.1;  /* seconds that the measured loop of one point should take */
static double idle_for = 3;  /* seconds */
static char *sbuf, *rbuf;    /* page aligned, touched, as large as the largest point */
static MPI_Request sreq[WINDOW], rreq[WINDOW];

struct point {
	const char *name;
	size_t bytes;
};

static void die(const char *what, const char *detail) {
	fprintf(stderr, "mpibench: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
	int up = 0;
	MPI_Initialized(&up);
	if (up)
		MPI_Abort(MPI_COMM_WORLD, 1);
	exit(1);
}

/* ---- the loops: n iterations each, called by every rank at the same time ---- */

static void loop_latency(long n, size_t bytes) {
	int len = (int)bytes;
	if (rank == 0) {
		for (long i = 0; i < n; i++) {
			MPI_Send(sbuf, len, MPI_BYTE, 1, TAG_DATA, MPI_COMM_WORLD);
			MPI_Recv(rbuf, len, MPI_BYTE, 1, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		}
	} else if (rank == 1) {
		for (long i = 0; i < n; i++) {
			MPI_Recv(rbuf, len, MPI_BYTE, 0, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
			MPI_Send(sbuf, len, MPI_BYTE, 0, TAG_DATA, MPI_COMM_WORLD);
		}
	}
}

static void loop_multi_lat(long n, size_t bytes) {
	int len = (int)bytes, pairs = size / 2;
	if (rank < pairs) {
		int peer = rank + pairs;
		for (long i = 0; i < n; i++) {
			MPI_Send(sbuf, len, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD);
			MPI_Recv(rbuf, len, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		}
	} else if (rank < 2 * pairs) {
		int peer = rank - pairs;
		for (long i = 0; i < n; i++) {
			MPI_Recv(rbuf, len, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
			MPI_Send(sbuf, len, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD);
		}
	}
}

/* Windows from a sender to a receiver. All messages of a window use the same buffer on each side, as is customary:
 * a window of distinct 16 MiB buffers would measure the memory and not the library. */
static void windows_out(long n, int len, int peer) {
	int32_t ack;
	for (long i = 0; i < n; i++) {
		for (int w = 0; w < WINDOW; w++)
			MPI_Isend(sbuf, len, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD, &sreq[w]);
		MPI_Waitall(WINDOW, sreq, MPI_STATUSES_IGNORE);
		MPI_Recv(&ack, 1, MPI_INT32_T, peer, TAG_ACK, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	}
}

static void windows_in(long n, int len, int peer) {
	int32_t ack = 1;
	for (long i = 0; i < n; i++) {
		for (int w = 0; w < WINDOW; w++)
			MPI_Irecv(rbuf, len, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD, &rreq[w]);
		MPI_Waitall(WINDOW, rreq, MPI_STATUSES_IGNORE);
		MPI_Send(&ack, 1, MPI_INT32_T, peer, TAG_ACK, MPI_COMM_WORLD);
	}
}

static void loop_bw(long n, size_t bytes) {
	if (rank == 0)
		windows_out(n, (int)bytes, 1);
	else if (rank == 1)
		windows_in(n, (int)bytes, 0);
}

static void loop_mbw_mr(long n, size_t bytes) {
	int pairs = size / 2;
	if (rank < pairs)
		windows_out(n, (int)bytes, rank + pairs);
	else if (rank < 2 * pairs)
		windows_in(n, (int)bytes, rank - pairs);
}

static void loop_bibw(long n, size_t bytes) {
	int len = (int)bytes;
	if (rank > 1)
		return;
	int peer = 1 - rank;
	for (long i = 0; i < n; i++) {
		for (int w = 0; w < WINDOW; w++)
			MPI_Irecv(rbuf, len, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD, &rreq[w]);
		for (int w = 0; w < WINDOW; w++)
			MPI_Isend(sbuf, len, MPI_BYTE, peer, TAG_DATA, MPI_COMM_WORLD, &sreq[w]);
		MPI_Waitall(WINDOW, sreq, MPI_STATUSES_IGNORE);
		MPI_Waitall(WINDOW, rreq, MPI_STATUSES_IGNORE);
	}
}

static void loop_barrier(long n, size_t bytes) {
	(void)bytes;
	for (long i = 0; i < n; i++)
		MPI_Barrier(MPI_COMM_WORLD);
}

/* ---- figures out of seconds per iteration ---- */

static double value_one_way(double s, size_t bytes) { (void)bytes; return s / 2 * 1e6; }
static double value_us(double s, size_t bytes) { (void)bytes; return s * 1e6; }
static double value_bw(double s, size_t bytes) { return (double)bytes * WINDOW / s / 1e6; }
static double value_bibw(double s, size_t bytes) { return 2.0 * (double)bytes * WINDOW / s / 1e6; }
static double value_rate(double s, size_t bytes) { (void)bytes; return (size / 2) * (double)WINDOW / s / 1e6; }

/* Whose clock counts. */
enum whose { RANK_0, LOWER_HALF, EVERYBODY };

/* Who ends up with the partner's pattern in rbuf. */
enum receives { NOBODY, RANK_1, FIRST_TWO, UPPER_HALF, PAIRED };

struct measure {
	const char *name, *unit, *title;
	void (*loop)(long n, size_t bytes);
	double (*value)(double seconds_per_iteration, size_t bytes);
	enum whose whose;
	enum receives receives;
	int least; /* smallest number of ranks */
};

static const struct measure measures[] = {
	{"latency", "us", "Latency (us)", loop_latency, value_one_way, RANK_0, FIRST_TWO, 2},
	{"bw", "MB/s", "Bandwidth (MB/s)", loop_bw, value_bw, RANK_0, RANK_1, 2},
	{"bibw", "MB/s", "Bandwidth (MB/s)", loop_bibw, value_bibw, RANK_0, FIRST_TWO, 2},
	{"mbw_mr", "Mmsg/s", "Mmsg/s", loop_mbw_mr, value_rate, LOWER_HALF, UPPER_HALF, 2},
	{"multi_lat", "us", "Latency (us)", loop_multi_lat, value_one_way, LOWER_HALF, PAIRED, 2},
	{"barrier", "us", "Avg Latency(us)", loop_barrier, value_us, EVERYBODY, NOBODY, 1},
};

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

/* Rank 0's number reaches everybody, outside the measured time. */
static void share(long *n) {
	if (rank == 0) {
		for (int r = 1; r < size; r++)
			MPI_Send(n, 1, MPI_LONG, r, TAG_CONTROL, MPI_COMM_WORLD);
	} else {
		MPI_Recv(n, 1, MPI_LONG, 0, TAG_CONTROL, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	}
}

/* The times of the first `clocks` ranks reach rank 0, which returns their sum and leaves the longest in *longest. */
static double gather_times(double t, int clocks, double *longest) {
	double sum = t;
	*longest = t;
	if (rank == 0) {
		for (int r = 1; r < clocks; r++) {
			double other;
			MPI_Recv(&other, 1, MPI_DOUBLE, r, TAG_CONTROL, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
			sum += other;
			*longest = other > *longest ? other : *longest;
		}
	} else if (rank < clocks) {
		MPI_Send(&t, 1, MPI_DOUBLE, 0, TAG_CONTROL, MPI_COMM_WORLD);
	}
	return sum;
}

/* Seconds per iteration of the measured batch: on rank 0 the mean over the ranks whose clock counts. The slowest of them
 * sets the pace, because one pair can be many times slower than another when there are more ranks than processors. */
static double run_paced(const struct measure *m, size_t bytes, long *iterations) {
	int clocks = m->whose == RANK_0 ? 1 : m->whose == LOWER_HALF ? size / 2 : size;
	struct pace p = {1, 0};
	double sum = 0;
	for (long n = 1;; n = p.n) {
		share(&n);
		if (!n)
			break;
		*iterations = n;
		MPI_Barrier(MPI_COMM_WORLD);
		double t0 = MPI_Wtime(), longest;
		m->loop(n, bytes);
		sum = gather_times(MPI_Wtime() - t0, clocks, &longest);
		pace_next(&p, longest);
	}
	return sum / clocks / (double)*iterations;
}

/* ---- cases that are no loop ---- */

static double cpu_seconds(void) {
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Per cent of one processor that rank 1 uses while it waits in MPI_Recv. */
static double case_idle(void) {
	double percent = 0;
	int32_t x = 0;
	MPI_Barrier(MPI_COMM_WORLD);
	if (rank == 0) {
		struct timespec ts = {(time_t)idle_for, (long)((idle_for - (double)(time_t)idle_for) * 1e9)};
		nanosleep(&ts, NULL);
		MPI_Send(&x, 1, MPI_INT32_T, 1, TAG_DATA, MPI_COMM_WORLD);
		MPI_Recv(&percent, 1, MPI_DOUBLE, 1, TAG_CONTROL, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	} else if (rank == 1) {
		double c0 = cpu_seconds(), t0 = MPI_Wtime();
		MPI_Recv(&x, 1, MPI_INT32_T, 0, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		percent = 100 * (cpu_seconds() - c0) / (MPI_Wtime() - t0);
		MPI_Send(&percent, 1, MPI_DOUBLE, 0, TAG_CONTROL, MPI_COMM_WORLD);
	}
	return percent;
}

/* Proportional resident bytes of this process's shared mappings: summed over the ranks every page counts once. */
static double shared_resident(void) {
	FILE *f = fopen("/proc/self/smaps", "r");
	if (!f)
		die("cannot open /proc/self/smaps", NULL);
	char line[4096], perms[8];
	unsigned long from, to, kib, total = 0;
	int shared = 0;
	while (fgets(line, sizeof line, f)) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) == 3)
			shared = perms[3] == 's';
		else if (shared && sscanf(line, "Pss: %lu kB", &kib) == 1)
			total += kib;
	}
	fclose(f);
	return (double)total * 1024;
}

/* A token goes once around the ring, summing. Only neighbours talk. */
static double ring_sum(double mine) {
	int right = (rank + 1) % size, left = (rank + size - 1) % size;
	double sum = 0;
	if (size == 1)
		return mine;
	if (rank > 0)
		MPI_Recv(&sum, 1, MPI_DOUBLE, left, TAG_CONTROL, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	sum += mine;
	MPI_Send(&sum, 1, MPI_DOUBLE, right, TAG_CONTROL, MPI_COMM_WORLD);
	if (rank == 0)
		MPI_Recv(&sum, 1, MPI_DOUBLE, left, TAG_CONTROL, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	return sum;
}

/* MiB of shared memory per rank after messages of 8 bytes to 1 MiB with both neighbours of a ring. */
static double case_memory(void) {
	static const int lens[] = {8, 1024, 16384, 65536, 1 << 20};
	int right = (rank + 1) % size, left = (rank + size - 1) % size;
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		MPI_Sendrecv(sbuf, lens[i], MPI_BYTE, right, TAG_DATA, rbuf, lens[i], MPI_BYTE, left, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		MPI_Sendrecv(sbuf, lens[i], MPI_BYTE, left, TAG_DATA, rbuf, lens[i], MPI_BYTE, right, TAG_DATA, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
	}
	ring_sum(0); /* everybody has finished before anybody looks */
	double sum = ring_sum(shared_resident());
	ring_sum(0); /* nobody leaves before everybody has looked: a page of two ranks counts a half in each */
	return sum / size / (1 << 20);
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

static const struct measure *find(const char *name) {
	for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
		if (!strcmp(measures[i].name, name))
			return &measures[i];
	return NULL;
}

static int special(const char *name) { return !strcmp(name, "idle") || !strcmp(name, "memory"); }

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
		if (!find(one) && !special(one))
			die("unknown case", one);
		n = add(p, n, one, colon ? parse_size(colon + 1) : 0);
	}
	return n;
}

/* A bare case: the sizes that people are used to. */
static int default_points(const char *name, struct point *p, int n) {
	if (special(name) || !strcmp(name, "barrier"))
		return add(p, n, name, 0);
	if (!find(name))
		die("unknown case", name);
	if (strstr(name, "lat"))
		n = add(p, n, name, 0);
	for (size_t b = 1; b <= 4 << 20; b *= 2)
		n = add(p, n, name, b);
	return n;
}

static char *page_aligned(size_t bytes, int pattern) {
	void *p;
	if (posix_memalign(&p, 4096, bytes + 4096))
		die("no memory for the buffers", NULL);
	memset(p, 0, bytes + 4096);
	if (pattern)
		for (size_t i = 0; i < bytes; i++)
			((unsigned char *)p)[i] = (unsigned char)((uint32_t)(i % PATTERN) * 2654435761u >> 24);
	return p;
}

static int gets_pattern(enum receives r) {
	switch (r) {
	case RANK_1:
		return rank == 1;
	case FIRST_TWO:
		return rank < 2;
	case UPPER_HALF:
		return rank >= size / 2 && rank < size / 2 * 2;
	case PAIRED:
		return rank < size / 2 * 2;
	default:
		return 0;
	}
}

static void print_result(const struct point *p, const char *unit, const char *title, double value, long iterations) {
	static const char *last;
	if (as_json) {
		printf("{\"case\":\"%s\",\"bytes\":%zu,\"ranks\":%d,\"unit\":\"%s\",\"value\":%.6g,\"iterations\":%ld}\n", p->name, p->bytes,
		       size, unit, value, iterations);
	} else {
		if (!last || strcmp(last, p->name))
			printf("%s# %s, %d ranks\n# %-8s%18s\n", last ? "\n" : "", p->name, size, "Size", title);
		last = p->name;
		printf("%-10zu%18.2f\n", p->bytes, value);
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
	const struct measure *m = find(p->name);
	if (!m) {
		int idle = !strcmp(p->name, "idle");
		double v = idle ? case_idle() : case_memory();
		if (rank == 0)
			print_result(p, idle ? "%" : "MiB", idle ? "CPU (%)" : "MiB per rank", v, 1);
		return;
	}
	if (size < m->least)
		die("this case needs at least 2 ranks", p->name);
	memset(rbuf, 0, p->bytes);
	long iterations = 0;
	double s = run_paced(m, p->bytes, &iterations);
	if (gets_pattern(m->receives) && memcmp(rbuf, sbuf, p->bytes))
		die("received bytes are not the sent ones", p->name);
	if (rank == 0)
		print_result(p, m->unit, m->title, m->value(s, p->bytes), iterations);
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
	size_t largest = 0;
	for (int i = 0; i < n; i++) {
		size_t need = !strcmp(points[i].name, "memory") ? 1 << 20 : points[i].bytes;
		largest = need > largest ? need : largest;
	}
	sbuf = page_aligned(largest, 1);
	rbuf = page_aligned(largest, 0);
	/* A memory point must not be preceded by messages between others than neighbours. */
	if (as_json && strcmp(points[0].name, "memory"))
		print_affinity();
	for (int i = 0; i < n; i++)
		run_point(&points[i]);
	MPI_Finalize();
	return 0;
}
