/*
 * The collective cases, root 0, as OSU measures them: every rank adds up the time that it spends in the operation, and there is a barrier
 * between two of them, outside that time. A buffer holds blocks of the point's size; where a rank gives or gets more than one
 * block, it is one for every rank. Afterwards every rank checks what the last operation has left.
 */
#include "mpibench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef OPEN_MPI
#include <mpi-ext.h>
#endif

#define WORLD MPI_COMM_WORLD

static size_t block;                  /* bytes of a block of the point that runs */
static int elements;                  /* a block as numbers */
static int *counts, *displs;          /* the v forms and alltoallw get every rank's block so */
static MPI_Datatype *types;           /* of alltoallw */
static int *parts;                    /* reduce_scatter: the elements of every rank's part of the block */

static void op_bcast(void) { MPI_Bcast(rank ? rbuf : sbuf, (int)block, MPI_BYTE, 0, WORLD); }
static void op_gather(void) { MPI_Gather(sbuf, (int)block, MPI_BYTE, rbuf, (int)block, MPI_BYTE, 0, WORLD); }
static void op_gatherv(void) { MPI_Gatherv(sbuf, (int)block, MPI_BYTE, rbuf, counts, displs, MPI_BYTE, 0, WORLD); }
static void op_scatter(void) { MPI_Scatter(sbuf, (int)block, MPI_BYTE, rbuf, (int)block, MPI_BYTE, 0, WORLD); }
static void op_scatterv(void) { MPI_Scatterv(sbuf, counts, displs, MPI_BYTE, rbuf, (int)block, MPI_BYTE, 0, WORLD); }
static void op_allgather(void) { MPI_Allgather(sbuf, (int)block, MPI_BYTE, rbuf, (int)block, MPI_BYTE, WORLD); }
static void op_allgatherv(void) { MPI_Allgatherv(sbuf, (int)block, MPI_BYTE, rbuf, counts, displs, MPI_BYTE, WORLD); }
static void op_alltoall(void) { MPI_Alltoall(sbuf, (int)block, MPI_BYTE, rbuf, (int)block, MPI_BYTE, WORLD); }
static void op_alltoallv(void) { MPI_Alltoallv(sbuf, counts, displs, MPI_BYTE, rbuf, counts, displs, MPI_BYTE, WORLD); }
static void op_alltoallw(void) { MPI_Alltoallw(sbuf, counts, displs, types, rbuf, counts, displs, types, WORLD); }
static void op_reduce(void) { MPI_Reduce(sbuf, rbuf, elements, MPI_FLOAT, MPI_SUM, 0, WORLD); }
static void op_allreduce(void) { MPI_Allreduce(sbuf, rbuf, elements, MPI_FLOAT, MPI_SUM, WORLD); }
static void op_reduce_scatter(void) { MPI_Reduce_scatter(sbuf, rbuf, parts, MPI_FLOAT, MPI_SUM, WORLD); }
static void op_reduce_scatter_block(void) { MPI_Reduce_scatter_block(sbuf, rbuf, elements / size, MPI_FLOAT, MPI_SUM, WORLD); }
static void op_scan(void) { MPI_Scan(sbuf, rbuf, elements, MPI_FLOAT, MPI_SUM, WORLD); }
static void op_exscan(void) { MPI_Exscan(sbuf, rbuf, elements, MPI_FLOAT, MPI_SUM, WORLD); }

/* The nonblocking forms leave their request in under_way. */
static MPI_Request under_way;

static void op_ibcast(void) { MPI_Ibcast(rank ? rbuf : sbuf, (int)block, MPI_BYTE, 0, WORLD, &under_way); }
static void op_igather(void) { MPI_Igather(sbuf, (int)block, MPI_BYTE, rbuf, (int)block, MPI_BYTE, 0, WORLD, &under_way); }
static void op_igatherv(void) { MPI_Igatherv(sbuf, (int)block, MPI_BYTE, rbuf, counts, displs, MPI_BYTE, 0, WORLD, &under_way); }
static void op_iscatter(void) { MPI_Iscatter(sbuf, (int)block, MPI_BYTE, rbuf, (int)block, MPI_BYTE, 0, WORLD, &under_way); }
static void op_iscatterv(void) { MPI_Iscatterv(sbuf, counts, displs, MPI_BYTE, rbuf, (int)block, MPI_BYTE, 0, WORLD, &under_way); }
static void op_iallgather(void) { MPI_Iallgather(sbuf, (int)block, MPI_BYTE, rbuf, (int)block, MPI_BYTE, WORLD, &under_way); }
static void op_iallgatherv(void) { MPI_Iallgatherv(sbuf, (int)block, MPI_BYTE, rbuf, counts, displs, MPI_BYTE, WORLD, &under_way); }
static void op_ialltoall(void) { MPI_Ialltoall(sbuf, (int)block, MPI_BYTE, rbuf, (int)block, MPI_BYTE, WORLD, &under_way); }
static void op_ialltoallv(void) { MPI_Ialltoallv(sbuf, counts, displs, MPI_BYTE, rbuf, counts, displs, MPI_BYTE, WORLD, &under_way); }
static void op_ialltoallw(void) { MPI_Ialltoallw(sbuf, counts, displs, types, rbuf, counts, displs, types, WORLD, &under_way); }
static void op_ireduce(void) { MPI_Ireduce(sbuf, rbuf, elements, MPI_FLOAT, MPI_SUM, 0, WORLD, &under_way); }
static void op_iallreduce(void) { MPI_Iallreduce(sbuf, rbuf, elements, MPI_FLOAT, MPI_SUM, WORLD, &under_way); }
static void op_ireduce_scatter(void) { MPI_Ireduce_scatter(sbuf, rbuf, parts, MPI_FLOAT, MPI_SUM, WORLD, &under_way); }
static void op_ireduce_scatter_block(void) { MPI_Ireduce_scatter_block(sbuf, rbuf, elements / size, MPI_FLOAT, MPI_SUM, WORLD, &under_way); }
static void op_iscan(void) { MPI_Iscan(sbuf, rbuf, elements, MPI_FLOAT, MPI_SUM, WORLD, &under_way); }
static void op_iexscan(void) { MPI_Iexscan(sbuf, rbuf, elements, MPI_FLOAT, MPI_SUM, WORLD, &under_way); }

/* Persistent forms, where the library has them: in MPI 4, or before as an extension of Open MPI. */
#if MPI_VERSION >= 4
#define PERSISTENT(name) MPI_##name##_init
#elif defined OMPI_HAVE_MPI_EXT_PCOLLREQ
#define PERSISTENT(name) MPIX_##name##_init
#endif

#ifdef PERSISTENT
static void prepare_barrier(void) { PERSISTENT(Barrier)(WORLD, MPI_INFO_NULL, &under_way); }
static void prepare_bcast(void) { PERSISTENT(Bcast)(rank ? rbuf : sbuf, (int)block, MPI_BYTE, 0, WORLD, MPI_INFO_NULL, &under_way); }
static void prepare_allreduce(void) { PERSISTENT(Allreduce)(sbuf, rbuf, elements, MPI_FLOAT, MPI_SUM, WORLD, MPI_INFO_NULL, &under_way); }
static void op_prepared(void) {
	MPI_Start(&under_way);
	MPI_Wait(&under_way, MPI_STATUS_IGNORE);
}
#else
#define prepare_barrier NULL
#define prepare_bcast NULL
#define prepare_allreduce NULL
#define op_prepared NULL
#endif

/* Neighbourhoods: all ranks on a ring. */
static MPI_Comm ring = MPI_COMM_NULL;

static void prepare_ring(void) {
	int periodic = 1;
	if (ring == MPI_COMM_NULL)
		MPI_Cart_create(WORLD, 1, &size, &periodic, 0, &ring);
}
static void op_neighbor_allgather(void) { MPI_Neighbor_allgather(sbuf, (int)block, MPI_BYTE, rbuf, (int)block, MPI_BYTE, ring); }
static void op_neighbor_alltoall(void) { MPI_Neighbor_alltoall(sbuf, (int)block, MPI_BYTE, rbuf, (int)block, MPI_BYTE, ring); }

/* How many blocks a rank has. */
enum blocks { NONE, ONE, TWO, EACH, ROOT_ONE, ROOT_EACH, OTHERS_ONE };

/* What is in a block: a pattern that depends on nothing, on the rank, on the number of the block, on both, on the neighbour that it is from; or numbers, and then the received
 * ones are sums over all ranks, of a part of them, of an equal part, over the ranks up to this one or below it. */
enum content { SAME, OF_RANK, OF_BLOCK, FROM_TO, TO_FROM, OF_NEIGHBOR, ALL, PART, EQUAL_PART, UP_TO, BELOW };

struct collective {
	const char *name;
	void (*op)(void), (*start)(void);
	enum blocks gives, gets;
	enum content sends, receives;
	void (*prepare)(void);
};

static const struct collective collectives[] = {
	{"bcast", op_bcast, op_ibcast, ROOT_ONE, OTHERS_ONE, SAME, SAME, NULL},
	{"gather", op_gather, op_igather, ONE, ROOT_EACH, OF_RANK, OF_BLOCK, NULL},
	{"gatherv", op_gatherv, op_igatherv, ONE, ROOT_EACH, OF_RANK, OF_BLOCK, NULL},
	{"scatter", op_scatter, op_iscatter, ROOT_EACH, ONE, OF_BLOCK, OF_RANK, NULL},
	{"scatterv", op_scatterv, op_iscatterv, ROOT_EACH, ONE, OF_BLOCK, OF_RANK, NULL},
	{"allgather", op_allgather, op_iallgather, ONE, EACH, OF_RANK, OF_BLOCK, NULL},
	{"allgatherv", op_allgatherv, op_iallgatherv, ONE, EACH, OF_RANK, OF_BLOCK, NULL},
	{"alltoall", op_alltoall, op_ialltoall, EACH, EACH, FROM_TO, TO_FROM, NULL},
	{"alltoallv", op_alltoallv, op_ialltoallv, EACH, EACH, FROM_TO, TO_FROM, NULL},
	{"alltoallw", op_alltoallw, op_ialltoallw, EACH, EACH, FROM_TO, TO_FROM, NULL},
	{"reduce", op_reduce, op_ireduce, ONE, ROOT_ONE, ALL, ALL, NULL},
	{"allreduce", op_allreduce, op_iallreduce, ONE, ONE, ALL, ALL, NULL},
	{"reduce_scatter", op_reduce_scatter, op_ireduce_scatter, ONE, ONE, ALL, PART, NULL},
	{"reduce_scatter_block", op_reduce_scatter_block, op_ireduce_scatter_block, ONE, ONE, ALL, EQUAL_PART, NULL},
	{"scan", op_scan, op_iscan, ONE, ONE, ALL, UP_TO, NULL},
	{"exscan", op_exscan, op_iexscan, ONE, OTHERS_ONE, ALL, BELOW, NULL},
	{"barrier_persistent", op_prepared, NULL, NONE, NONE, SAME, SAME, prepare_barrier},
	{"bcast_persistent", op_prepared, NULL, ROOT_ONE, OTHERS_ONE, SAME, SAME, prepare_bcast},
	{"allreduce_persistent", op_prepared, NULL, ONE, ONE, ALL, ALL, prepare_allreduce},
	{"neighbor_allgather", op_neighbor_allgather, NULL, ONE, TWO, OF_RANK, OF_NEIGHBOR, prepare_ring},
	{"neighbor_alltoall", op_neighbor_alltoall, NULL, TWO, TWO, OF_RANK, OF_NEIGHBOR, prepare_ring},
};

/* How the name of a case says to call it: bcast, ibcast or ibcast_overlap. */
enum form { BLOCKING, NONBLOCKING, OVERLAP };

/* Finds the case and leaves its form, if anybody wants it. */
static const struct collective *find(const char *name, enum form *form) {
	for (size_t i = 0; i < sizeof collectives / sizeof *collectives; i++) {
		const struct collective *c = &collectives[i];
		enum form f = strcmp(c->name, name) ? NONBLOCKING : BLOCKING;
		size_t n = strlen(c->name);
		if (f == NONBLOCKING) {
			if (!c->start || name[0] != 'i' || strncmp(name + 1, c->name, n))
				continue;
			if (!strcmp(name + 1 + n, "_overlap"))
				f = OVERLAP;
			else if (name[1 + n])
				continue;
		}
		if (form)
			*form = f;
		return c;
	}
	return NULL;
}

int collective_has(const char *name) { return find(name, NULL) != NULL; }

static int sums(const struct collective *c) { return c->receives >= ALL; }

int collective_floats(const char *name) { return sums(find(name, NULL)); }

static int count(enum blocks b, int of) {
	switch (b) {
	case ONE:
		return 1;
	case TWO:
		return 2;
	case EACH:
		return size;
	case ROOT_ONE:
		return of == 0;
	case ROOT_EACH:
		return of == 0 ? size : 0;
	case OTHERS_ONE:
		return of != 0;
	default:
		return 0;
	}
}

void collective_buffers(const char *name, int of, size_t bytes, size_t *sends, size_t *receives) {
	const struct collective *c = find(name, NULL);
	*sends = (size_t)count(c->gives, of) * bytes;
	*receives = (size_t)count(c->gets, of) * bytes;
}

/* The buffers of all ranks together may have 256 MiB. */
int collective_fits(const char *name, size_t bytes) {
	size_t total = 0, sends, receives;
	for (int r = 0; r < size; r++) {
		collective_buffers(name, r, bytes, &sends, &receives);
		total += sends + receives;
	}
	return total <= 256u << 20;
}

/* Which pattern a block has: what rank `of` sends as its block j, or must have got there. */
static size_t seed(enum content c, int of, int j) {
	switch (c) {
	case OF_RANK:
		return (size_t)of;
	case OF_BLOCK:
		return (size_t)j;
	case FROM_TO:
		return (size_t)of * (size_t)size + (size_t)j;
	case TO_FROM:
		return (size_t)j * (size_t)size + (size_t)of;
	case OF_NEIGHBOR: /* the left one's first */
		return (size_t)((of + size - 1 + 2 * j) % size);
	default:
		return 0;
	}
}

/* The pattern from where the seed says, up to its end. */
static const char *pattern(size_t seed, size_t *bytes) {
	static char once[PATTERN];
	if (!once[0] && !once[1])
		fill_pattern(once, PATTERN);
	size_t at = 97 * seed % PATTERN;
	*bytes = PATTERN - at;
	return once + at;
}

/* A small number: sums of these and of ranks are exact. */
static int addend(int i) { return i % 61; }

static void fill(const struct collective *c) {
	for (int j = 0; j < count(c->gives, rank); j++) {
		char *b = sbuf + (size_t)j * block;
		if (sums(c)) {
			for (int i = 0; i < elements; i++)
				((float *)b)[i] = (float)(addend(i) + rank + 1);
			continue;
		}
		size_t have;
		const char *p = pattern(seed(c->sends, rank, j), &have);
		for (size_t done = 0; done < block; p = pattern(0, &have)) {
			size_t some = have < block - done ? have : block - done;
			memcpy(b + done, p, some);
			done += some;
		}
	}
}

static void wrong(const struct collective *c, size_t byte, int j) {
	char where[96];
	snprintf(where, sizeof where, "%s, at byte %zu of block %d on rank %d", c->name, byte, j, rank);
	die("wrong result", where);
}

static void check_sums(const struct collective *c) {
	int over = c->receives == UP_TO ? rank + 1 : c->receives == BELOW ? rank : size;
	int n = elements, first = 0;
	if (c->receives == PART) {
		n = parts[rank];
		for (int r = 0; r < rank; r++)
			first += parts[r];
	} else if (c->receives == EQUAL_PART) {
		n = elements / size;
		first = rank * n;
	}
	for (int i = 0; i < n; i++)
		if (((const float *)rbuf)[i] != (float)(over * addend(first + i) + over * (over + 1) / 2))
			wrong(c, (size_t)i * 4, 0);
}

static void check(const struct collective *c) {
	if (count(c->gets, rank) && sums(c)) {
		check_sums(c);
		return;
	}
	for (int j = 0; j < count(c->gets, rank); j++) {
		const char *b = rbuf + (size_t)j * block;
		size_t have;
		const char *p = pattern(seed(c->receives, rank, j), &have);
		for (size_t done = 0; done < block; p = pattern(0, &have)) {
			size_t some = have < block - done ? have : block - done;
			if (memcmp(b + done, p, some))
				wrong(c, done, j);
			done += some;
		}
	}
}

/* The v forms move equal blocks side by side, as in OSU; reduce_scatter cuts the block into parts that differ by one element at most. */
static void cut(void) {
	if (!counts) {
		counts = malloc((size_t)size * sizeof *counts);
		displs = malloc((size_t)size * sizeof *displs);
		parts = malloc((size_t)size * sizeof *parts);
		types = malloc((size_t)size * sizeof *types);
	}
	if (!counts || !displs || !parts || !types)
		die("no memory", NULL);
	for (int r = 0; r < size; r++) {
		counts[r] = (int)block;
		displs[r] = r * (int)block;
		parts[r] = elements / size + (r < elements % size);
		types[r] = MPI_BYTE;
	}
}

/* The operation of the point that runs. */
static void (*operation)(void);

static double timed_loop(long n) {
	double spent = 0;
	for (long i = 0; i < n; i++) {
		double t0 = now();
		operation();
		spent += now() - t0;
		MPI_Barrier(WORLD);
	}
	return spent;
}

/* ---- overlap, after OSU: how much of an operation's time is free for a computation that takes as long as the operation alone. The computation
 * is so much work and not so much time, and is timed alone, so that what the operation takes from it counts. ---- */

static void (*starting)(void); /* begins the operation */
static long work;              /* steps of the computation */

static void wait_at_once(void) {
	starting();
	MPI_Wait(&under_way, MPI_STATUS_IGNORE);
}

/* Work that touches no memory and can't be done faster by doing several steps at once. */
static void compute(void) {
	static volatile double kept;
	double x = kept;
	for (long i = 0; i < work; i++)
		x = x * 0.999999 + 1e-6;
	kept = x;
}

static void compute_meanwhile(void) {
	starting();
	compute();
	MPI_Wait(&under_way, MPI_STATUS_IGNORE);
}

static double steps_per_second(void) {
	double best = 1e9;
	work = 200000;
	for (int i = 0; i < 5; i++) {
		double t0 = now();
		compute();
		double t = now() - t0;
		best = t < best ? t : best;
	}
	return (double)work / best;
}

static void run_overlap(struct result *r) {
	static double rate;
	double alone = run_paced(timed_loop, size, &r->iterations);
	if (rank == 0) {
		if (rate == 0)
			rate = steps_per_second();
		work = (long)(alone * rate);
		work = work < 1 ? 1 : work;
	}
	share(&work);
	operation = compute;
	double computing = run_paced(timed_loop, size, &r->iterations);
	operation = compute_meanwhile;
	double both = run_paced(timed_loop, size, &r->iterations);
	double percent = 100 * (1 - (both - computing) / alone);
	r->value = percent > 100 ? 100 : percent < 0 ? 0 : percent;
	r->overall = both * 1e6, r->compute = computing * 1e6, r->pure = alone * 1e6;
	r->unit = "%";
	r->title = "Overlap(%)";
}

void collective_run(const char *name, size_t bytes, struct result *r) {
	enum form form;
	const struct collective *c = find(name, &form);
	block = bytes;
	elements = (int)(bytes / 4);
	starting = c->start;
	operation = form == BLOCKING ? c->op : wait_at_once;
	if (!operation) {
		r->unit = "us";
		r->missing = 1;
		return;
	}
	cut();
	fill(c);
	memset(rbuf, 0, (size_t)count(c->gets, rank) * block);
	if (c->prepare)
		c->prepare();
	if (form == OVERLAP) {
		run_overlap(r);
	} else {
		r->value = 1e6 * run_paced(timed_loop, size, &r->iterations);
		r->unit = "us";
		r->title = "Avg Latency(us)";
	}
	if (operation == op_prepared)
		MPI_Request_free(&under_way);
	check(c);
}
