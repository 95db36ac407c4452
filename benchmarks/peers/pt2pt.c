/* The cases between pairs of ranks, the barrier, and the making of communicators: loops whose whole time counts. Every rank calls a loop at the same time, with the same
 * number of iterations. */
#include "mpibench.h"
#include <string.h>

enum { WINDOW = 64 };

static MPI_Request sreq[WINDOW], rreq[WINDOW];

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

/* Makes a communicator, uses it or not, and frees it. A split makes two, of every second rank each, in reverse order. */
static void set_up(long n, int split, int use) {
	for (long i = 0; i < n; i++) {
		MPI_Comm c;
		if (split)
			MPI_Comm_split(MPI_COMM_WORLD, rank % 2, -rank, &c);
		else
			MPI_Comm_dup(MPI_COMM_WORLD, &c);
		if (use)
			MPI_Barrier(c);
		MPI_Comm_free(&c);
	}
}

static void loop_dup(long n, size_t bytes) { (void)bytes; set_up(n, 0, 0); }
static void loop_dup_barrier(long n, size_t bytes) { (void)bytes; set_up(n, 0, 1); }
static void loop_split(long n, size_t bytes) { (void)bytes; set_up(n, 1, 0); }
static void loop_split_barrier(long n, size_t bytes) { (void)bytes; set_up(n, 1, 1); }

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
	{"dup", "us", "Avg Latency(us)", loop_dup, value_us, EVERYBODY, NOBODY, 1},
	{"dup_barrier", "us", "Avg Latency(us)", loop_dup_barrier, value_us, EVERYBODY, NOBODY, 1},
	{"split", "us", "Avg Latency(us)", loop_split, value_us, EVERYBODY, NOBODY, 1},
	{"split_barrier", "us", "Avg Latency(us)", loop_split_barrier, value_us, EVERYBODY, NOBODY, 1},
};


static const struct measure *find(const char *name) {
	for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
		if (!strcmp(measures[i].name, name))
			return &measures[i];
	return NULL;
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

int pt2pt_has(const char *name) { return find(name) != NULL; }

int pt2pt_sized(const char *name) { return find(name)->whose != EVERYBODY; }

/* The point that runs. */
static const struct measure *running;
static size_t running_bytes;

static double whole_loop(long n) {
	double t0 = now();
	running->loop(n, running_bytes);
	return now() - t0;
}

void pt2pt_run(const char *name, size_t bytes, struct result *r) {
	const struct measure *m = find(name);
	if (size < m->least)
		die("this case needs at least 2 ranks", name);
	running = m;
	running_bytes = bytes;
	fill_pattern(sbuf, bytes);
	memset(rbuf, 0, bytes);
	int clocks = m->whose == RANK_0 ? 1 : m->whose == LOWER_HALF ? size / 2 : size;
	double s = run_paced(whole_loop, clocks, &r->iterations);
	if (gets_pattern(m->receives) && memcmp(rbuf, sbuf, bytes))
		die("received bytes are not the sent ones", name);
	r->unit = m->unit;
	r->title = m->title;
	r->value = m->value(s, bytes);
}
