/* What the files of the C twin share. */
#include <mpi.h>
#include <stddef.h>
#include <stdint.h>

enum { TAG_DATA = 1, TAG_ACK = 2, TAG_CONTROL = 3, PATTERN = 4093 };

extern int rank, size;
extern double idle_for;   /* seconds */
extern char *sbuf, *rbuf; /* page aligned, touched, as large as the largest point needs */

/* What a point yields, on rank 0. */
struct result {
	const char *unit, *title;
	double value;
	long iterations;
	double overall, compute, pure; /* microseconds, of an overlap */
	int missing;                   /* the library has no such operation */
};

void die(const char *what, const char *detail);
double now(void); /* seconds */

/* Rank 0's number reaches everybody, outside the measured time. */
void share(long *n);

/* Runs batches of the loop until one is long enough. The loop returns how many of its seconds count. Returns, on rank 0, the
 * seconds per iteration of the measured batch: the mean over the first `clocks` ranks. */
double run_paced(double (*loop)(long n), int clocks, long *iterations);

/* Cases between pairs of ranks, the barrier, and the making of communicators. */
int pt2pt_has(const char *name);
int pt2pt_sized(const char *name); /* takes a number of bytes */
void pt2pt_run(const char *name, size_t bytes, struct result *r);

/* Collective cases. */
int collective_has(const char *name);
int collective_floats(const char *name); /* sizes are multiples of 4 */
int collective_fits(const char *name, size_t bytes);
void collective_buffers(const char *name, int of, size_t bytes, size_t *sends, size_t *receives);
void collective_run(const char *name, size_t bytes, struct result *r);

/* What a rank costs while it waits. */
enum { LARGEST_MEMORY = 1 << 20 };
int waiting_has(const char *name);
void waiting_run(const char *name, struct result *r);

void fill_pattern(char *buf, size_t bytes);
