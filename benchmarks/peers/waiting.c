/* Cases that are no loop: what a rank costs while it waits. */
#define _GNU_SOURCE
#include "mpibench.h"
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

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
	static const int lens[] = {8, 1024, 16384, 65536, LARGEST_MEMORY};
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

int waiting_has(const char *name) { return !strcmp(name, "idle") || !strcmp(name, "memory"); }

void waiting_run(const char *name, struct result *r) {
	r->iterations = 1;
	if (!strcmp(name, "idle")) {
		r->unit = "%", r->title = "CPU (%)";
		r->value = case_idle();
	} else {
		fill_pattern(sbuf, LARGEST_MEMORY);
		r->unit = "MiB", r->title = "MiB per rank";
		r->value = case_memory();
	}
}
