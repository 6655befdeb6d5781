/* SPDX-License-Identifier: GPL-2.0 */
/*
 * aerostat-sim: a host, its VMs and its heat, under one policy after the other.
 *
 * All memory is in pages of 4 KiB unless a name says otherwise, all temperatures are in
 * millidegrees Celsius, and all arithmetic is in integers: a run is the same on every machine.
 */
#ifndef AEROSTAT_SIM_H
#define AEROSTAT_SIM_H

#include <stdio.h>

#include <linux/types.h>

#define SIM_MAX_VMS		10000
#define SIM_NAME_MAX		32
#define SIM_PAGES_PER_MIB	256ULL
#define SIM_PAGES_PER_GIB	(1024 * SIM_PAGES_PER_MIB)
#define SIM_MINUTE_S		60
#define SIM_DAY_S		86400ULL

/**
 * struct sim_params - what can be set from the command line
 * @step_s: time that passes in one step, seconds
 * @period_s: period of Aerostat's controller, seconds; the other policies have their own
 * @low: Aerostat's thresholds, millidegrees; the other policies that know heat use them, too
 * @high: see @low
 * @emergency: see @low
 * @reuse_s: a fully busy VM touches each page of its working set once in so many seconds
 * @fill_s: one reads as much as its size in so many seconds of files that nobody needs
 *	again; 0: none
 * @slo: a VM minute is violated when so many permille of one percent of the VM's size were
 *	read back per second, the scale of host/pressure.c
 */
struct sim_params {
	u32 step_s;
	u32 period_s;
	s64 low;
	s64 high;
	s64 emergency;
	u32 reuse_s;
	u32 fill_s;
	u32 slo;
};

#define SIM_PARAMS_DEFAULT {	\
	.step_s = 1,		\
	.period_s = 1,		\
	.low = 70000,		\
	.high = 75000,		\
	.emergency = 85000,	\
	.reuse_s = 60,		\
	.fill_s = 4096,		\
	.slo = 100,		\
}

/**
 * struct sim_vm - one VM
 * @name: as in the trace
 * @shares: importance
 * @size: its RAM
 * @min: what it keeps in any case
 * @floor: its balloon driver leaves so much available, see sim_policy.floor_div
 * @cpu: load, permille of its processors
 * @anon: anonymous memory that it uses
 * @cache: page cache that it uses; what else it has cached it can do without
 * @target: size that its balloon shall have
 * @balloon: size that it has
 * @away: pages of @anon and @cache that were evicted and not yet read back
 * @cold: page cache of no use
 * @read: pages read back in the last step
 * @refaults: pages of @cache read back so far
 * @swap_ins: pages of @anon read back so far
 * @minute: pages read back in this minute
 */
struct sim_vm {
	char name[SIM_NAME_MAX];
	u32 shares;
	u64 size;
	u64 min;
	u64 floor;
	u32 cpu;
	u64 anon;
	u64 cache;
	u64 target;
	u64 balloon;
	u64 away;
	u64 cold;
	u64 read;
	u64 refaults;
	u64 swap_ins;
	u64 minute;
};

/**
 * struct sim_host - one host
 * @params: what was set
 * @memory: memory that is installed
 * @base: what the host itself uses of it
 * @reserve: what is to stay free
 * @block: size of a memory block
 * @nr: number of @vms
 * @vms: its VMs
 * @offline: memory that is offline
 * @may_offline: memory that was reclaimed and is still to be held
 * @inlet: temperature of the air that comes in
 * @temp_uc: temperature of the memory, millionths of a degree
 * @now_s: time since the start, seconds
 */
struct sim_host {
	const struct sim_params *params;
	u64 memory;
	u64 base;
	u64 reserve;
	u64 block;
	unsigned int nr;
	struct sim_vm *vms;
	u64 offline;
	u64 may_offline;
	s64 inlet;
	s64 temp_uc;
	u64 now_s;
};

/**
 * struct sim_policy - who decides how large balloons are
 * @name: as on the command line
 * @about: one line for people
 * @offlines: what it holds may be taken offline
 * @orders: it sets sim_host.may_offline itself
 * @floor_div: the balloon driver leaves 1/@floor_div of the size available; 0: nothing
 * @period_s: it is asked once in so many seconds; 0: sim_params.period_s
 * @create: its memory for @host, or NULL if there is none
 * @step: set sim_vm.target of each VM
 * @destroy: free what @create made
 */
struct sim_policy {
	const char *name;
	const char *about;
	bool offlines;
	bool orders;
	u32 floor_div;
	u32 period_s;
	void *(*create)(const struct sim_host *host);
	void (*step)(void *state, struct sim_host *host);
	void (*destroy)(void *state);
};

extern const struct sim_policy sim_policy_aerostat;
extern const struct sim_policy sim_policy_balance;
extern const struct sim_policy sim_policy_none;
extern const struct sim_policy sim_policy_proportional;
extern const struct sim_policy sim_policy_proxmox;
extern const struct sim_policy sim_policy_proxmox_heat;
extern const struct sim_policy sim_policy_mom;
extern const struct sim_policy sim_policy_mom_heat;

/**
 * struct sim_result - what one policy came to
 * @violated: VM minutes with major refault pressure
 * @moved: pages that balloons took or gave back
 * @read: pages that were read back
 * @offline_page_s: page seconds offline
 * @peak_uc: highest temperature, millionths of a degree
 * @hot_s: seconds at or above the high threshold
 * @energy_uj: energy of the memory by the power model, microjoules
 */
struct sim_result {
	u64 violated;
	u64 moved;
	u64 read;
	u64 offline_page_s;
	s64 peak_uc;
	u64 hot_s;
	u64 energy_uj;
};

struct sim_trace;

/* aerostat.c: the one file that knows the module's interfaces */
u64 sim_power_mw(const struct sim_host *host);
u64 sim_plan_goal(const struct sim_host *host, u64 may_offline);

/* guest.c */
u64 sim_guest_kernel(const struct sim_vm *vm);
u64 sim_guest_rest(const struct sim_vm *vm);
void sim_guest_init(struct sim_vm *vm, const struct sim_params *params);
u64 sim_guest_free(const struct sim_vm *vm);
u64 sim_guest_available(const struct sim_vm *vm);
void sim_guest_step(struct sim_vm *vm, const struct sim_params *params);

/* host.c */
void sim_host_init(struct sim_host *host, const struct sim_params *params);
u64 sim_host_held(const struct sim_host *host);
u64 sim_host_used(const struct sim_host *host);
u64 sim_host_free(const struct sim_host *host);
s64 sim_host_temp(const struct sim_host *host);
void sim_host_plant(struct sim_host *host, bool settle);

/* run.c */
int sim_run(struct sim_trace *trace, const struct sim_params *params,
	    const struct sim_policy *policy, FILE *series, struct sim_result *result);

/* trace.c: what a host and its VMs are, and what they do over time */
struct sim_trace *sim_trace_synthetic(const char *scenario, unsigned int nr, u64 seconds, u64 seed);
struct sim_trace *sim_trace_read(FILE *file, const char *name);
void sim_trace_write(struct sim_trace *trace, FILE *file);
void sim_trace_begin(struct sim_trace *trace, struct sim_host *host);
void sim_trace_at(struct sim_trace *trace, struct sim_host *host);
u64 sim_trace_seconds(const struct sim_trace *trace);
void sim_trace_destroy(struct sim_trace *trace);

/* report.c */
enum sim_format { SIM_TEXT, SIM_CSV, SIM_JSON };

void sim_report(FILE *file, enum sim_format format, const struct sim_policy *const *policies,
		unsigned int nr_policies, const struct sim_result *results, unsigned int nr_seeds,
		u64 first_seed);

/* bench.c */
int sim_bench(const struct sim_params *params, unsigned int nr);

/* heat.c: the one lever that a policy without a sensor has */
u32 sim_heat_lever(const struct sim_host *host, u32 lever, u32 most);

static inline u64 sim_round_mib(u64 pages)
{
	return pages / SIM_PAGES_PER_MIB * SIM_PAGES_PER_MIB;
}

#endif /* AEROSTAT_SIM_H */
