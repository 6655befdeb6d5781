/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of aerostat_host: integers only, in the order of the data's way
 * from a sensor to a memory block. Sizes are in pages of 4 KiB.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM aerostat

#if !defined(AEROSTAT_HOST_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define AEROSTAT_HOST_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(aerostat_sensor,
	TP_PROTO(int id, s64 value, int verdict, int level),
	TP_ARGS(id, value, verdict, level),
	TP_STRUCT__entry(
		__field(int, id)
		__field(s64, value)
		__field(int, verdict)
		__field(int, level)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->value = value;
		__entry->verdict = verdict;
		__entry->level = level;
	),
	TP_printk("sensor=%d value=%lld verdict=%d level=%d", __entry->id, __entry->value,
		  __entry->verdict, __entry->level)
);

TRACE_EVENT(aerostat_effect,
	TP_PROTO(int id, s64 uw, u64 offline, u32 busy, u64 uw_per_gib, u32 weight, u32 steady,
		 bool ineffective),
	TP_ARGS(id, uw, offline, busy, uw_per_gib, weight, steady, ineffective),
	TP_STRUCT__entry(
		__field(int, id)
		__field(s64, uw)
		__field(u64, offline)
		__field(u32, busy)
		__field(u64, uw_per_gib)
		__field(u32, weight)
		__field(u32, steady)
		__field(bool, ineffective)
	),
	TP_fast_assign(
		__entry->id = id;
		__entry->uw = uw;
		__entry->offline = offline;
		__entry->busy = busy;
		__entry->uw_per_gib = uw_per_gib;
		__entry->weight = weight;
		__entry->steady = steady;
		__entry->ineffective = ineffective;
	),
	TP_printk("sensor=%d uw=%lld offline=%llu busy=%u uw_per_gib=%llu weight=%u steady=%u ineffective=%d",
		  __entry->id, __entry->uw, __entry->offline, __entry->busy,
		  __entry->uw_per_gib, __entry->weight, __entry->steady, __entry->ineffective)
);

TRACE_EVENT(aerostat_controller,
	TP_PROTO(int level, int verdict, u32 excess, u32 pressure, u64 step, u64 target,
		 u64 held, u64 capacity),
	TP_ARGS(level, verdict, excess, pressure, step, target, held, capacity),
	TP_STRUCT__entry(
		__field(int, level)
		__field(int, verdict)
		__field(u32, excess)
		__field(u32, pressure)
		__field(u64, step)
		__field(u64, target)
		__field(u64, held)
		__field(u64, capacity)
	),
	TP_fast_assign(
		__entry->level = level;
		__entry->verdict = verdict;
		__entry->excess = excess;
		__entry->pressure = pressure;
		__entry->step = step;
		__entry->target = target;
		__entry->held = held;
		__entry->capacity = capacity;
	),
	TP_printk("level=%d verdict=%d excess=%u pressure=%u step=%llu target=%llu held=%llu capacity=%llu",
		  __entry->level, __entry->verdict, __entry->excess, __entry->pressure,
		  __entry->step, __entry->target, __entry->held, __entry->capacity)
);

TRACE_EVENT(aerostat_apportion,
	TP_PROTO(int vm, u64 size, u64 limit, u32 shares, u32 idle, bool pressed, u64 take),
	TP_ARGS(vm, size, limit, shares, idle, pressed, take),
	TP_STRUCT__entry(
		__field(int, vm)
		__field(u64, size)
		__field(u64, limit)
		__field(u32, shares)
		__field(u32, idle)
		__field(bool, pressed)
		__field(u64, take)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->size = size;
		__entry->limit = limit;
		__entry->shares = shares;
		__entry->idle = idle;
		__entry->pressed = pressed;
		__entry->take = take;
	),
	TP_printk("vm=%d size=%llu limit=%llu shares=%u idle=%u pressed=%d take=%llu",
		  __entry->vm, __entry->size, __entry->limit, __entry->shares,
		  __entry->idle, __entry->pressed, __entry->take)
);

TRACE_EVENT(aerostat_budget,
	TP_PROTO(u64 pages, u64 available, u64 reserve, u64 coming, u64 easy, u64 most, bool wanted),
	TP_ARGS(pages, available, reserve, coming, easy, most, wanted),
	TP_STRUCT__entry(
		__field(u64, pages)
		__field(u64, available)
		__field(u64, reserve)
		__field(u64, coming)
		__field(u64, easy)
		__field(u64, most)
		__field(bool, wanted)
	),
	TP_fast_assign(
		__entry->pages = pages;
		__entry->available = available;
		__entry->reserve = reserve;
		__entry->coming = coming;
		__entry->easy = easy;
		__entry->most = most;
		__entry->wanted = wanted;
	),
	TP_printk("pages=%llu available=%llu reserve=%llu coming=%llu easy=%llu most=%llu wanted=%d",
		  __entry->pages, __entry->available, __entry->reserve, __entry->coming,
		  __entry->easy, __entry->most, __entry->wanted)
);

TRACE_EVENT(aerostat_balance,
	TP_PROTO(int vm, u64 balloon, u64 target, u64 goal, u64 ideal, u64 easy, u32 strain,
		 bool is_short, u64 total),
	TP_ARGS(vm, balloon, target, goal, ideal, easy, strain, is_short, total),
	TP_STRUCT__entry(
		__field(int, vm)
		__field(u64, balloon)
		__field(u64, target)
		__field(u64, goal)
		__field(u64, ideal)
		__field(u64, easy)
		__field(u32, strain)
		__field(bool, is_short)
		__field(u64, total)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->balloon = balloon;
		__entry->target = target;
		__entry->goal = goal;
		__entry->ideal = ideal;
		__entry->easy = easy;
		__entry->strain = strain;
		__entry->is_short = is_short;
		__entry->total = total;
	),
	TP_printk("vm=%d balloon=%llu target=%llu goal=%llu ideal=%llu easy=%llu strain=%u short=%d total=%llu",
		  __entry->vm, __entry->balloon, __entry->target, __entry->goal,
		  __entry->ideal, __entry->easy, __entry->strain, __entry->is_short,
		  __entry->total)
);

TRACE_EVENT(aerostat_vm_target,
	TP_PROTO(int vm, u64 target, u64 balloon, bool urgent),
	TP_ARGS(vm, target, balloon, urgent),
	TP_STRUCT__entry(
		__field(int, vm)
		__field(u64, target)
		__field(u64, balloon)
		__field(bool, urgent)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->target = target;
		__entry->balloon = balloon;
		__entry->urgent = urgent;
	),
	TP_printk("vm=%d target=%llu balloon=%llu urgent=%d", __entry->vm, __entry->target,
		  __entry->balloon, __entry->urgent)
);

TRACE_EVENT(aerostat_vm_state,
	TP_PROTO(int vm, int state, int reason),
	TP_ARGS(vm, state, reason),
	TP_STRUCT__entry(
		__field(int, vm)
		__field(int, state)
		__field(int, reason)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->state = state;
		__entry->reason = reason;
	),
	TP_printk("vm=%d state=%d reason=%d", __entry->vm, __entry->state, __entry->reason)
);

TRACE_EVENT(aerostat_working_set,
	TP_PROTO(int vm, u32 look, u32 mapped, u32 samples, u32 permille, u64 unmaps, u64 us),
	TP_ARGS(vm, look, mapped, samples, permille, unmaps, us),
	TP_STRUCT__entry(
		__field(int, vm)
		__field(u32, look)
		__field(u32, mapped)
		__field(u32, samples)
		__field(u32, permille)
		__field(u64, unmaps)
		__field(u64, us)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->look = look;
		__entry->mapped = mapped;
		__entry->samples = samples;
		__entry->permille = permille;
		__entry->unmaps = unmaps;
		__entry->us = us;
	),
	TP_printk("vm=%d look=%u mapped=%u samples=%u permille=%u unmaps=%llu us=%llu",
		  __entry->vm, __entry->look, __entry->mapped, __entry->samples,
		  __entry->permille, __entry->unmaps, __entry->us)
);

TRACE_EVENT(aerostat_challenge,
	TP_PROTO(int vm, u64 generation, u64 size),
	TP_ARGS(vm, generation, size),
	TP_STRUCT__entry(
		__field(int, vm)
		__field(u64, generation)
		__field(u64, size)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->generation = generation;
		__entry->size = size;
	),
	TP_printk("vm=%d generation=%llx size=%llu", __entry->vm, __entry->generation,
		  __entry->size)
);

TRACE_EVENT(aerostat_hello,
	TP_PROTO(int vm, u64 epoch),
	TP_ARGS(vm, epoch),
	TP_STRUCT__entry(
		__field(int, vm)
		__field(u64, epoch)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->epoch = epoch;
	),
	TP_printk("vm=%d epoch=%llx", __entry->vm, __entry->epoch)
);

TRACE_EVENT(aerostat_reclaim,
	TP_PROTO(int vm, int descs, s64 inflated, u64 deflated, u64 refused, u64 punches,
		 u64 balloon),
	TP_ARGS(vm, descs, inflated, deflated, refused, punches, balloon),
	TP_STRUCT__entry(
		__field(int, vm)
		__field(int, descs)
		__field(s64, inflated)
		__field(u64, deflated)
		__field(u64, refused)
		__field(u64, punches)
		__field(u64, balloon)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->descs = descs;
		__entry->inflated = inflated;
		__entry->deflated = deflated;
		__entry->refused = refused;
		__entry->punches = punches;
		__entry->balloon = balloon;
	),
	TP_printk("vm=%d descs=%d inflated=%lld deflated=%llu refused=%llu punches=%llu balloon=%llu",
		  __entry->vm, __entry->descs, __entry->inflated, __entry->deflated,
		  __entry->refused, __entry->punches, __entry->balloon)
);

TRACE_EVENT(aerostat_block,
	TP_PROTO(u32 block, bool online, int error, u32 ms, u64 used, u64 offline),
	TP_ARGS(block, online, error, ms, used, offline),
	TP_STRUCT__entry(
		__field(u32, block)
		__field(bool, online)
		__field(int, error)
		__field(u32, ms)
		__field(u64, used)
		__field(u64, offline)
	),
	TP_fast_assign(
		__entry->block = block;
		__entry->online = online;
		__entry->error = error;
		__entry->ms = ms;
		__entry->used = used;
		__entry->offline = offline;
	),
	TP_printk("block=%u online=%d error=%d ms=%u used=%llu offline=%llu", __entry->block,
		  __entry->online, __entry->error, __entry->ms, __entry->used,
		  __entry->offline)
);

/* Memory is short on the host: blocks are asked for, by a shrinker or an OOM notifier. */
TRACE_EVENT(aerostat_recall,
	TP_PROTO(u64 pages, bool oom, u64 offline),
	TP_ARGS(pages, oom, offline),
	TP_STRUCT__entry(
		__field(u64, pages)
		__field(bool, oom)
		__field(u64, offline)
	),
	TP_fast_assign(
		__entry->pages = pages;
		__entry->oom = oom;
		__entry->offline = offline;
	),
	TP_printk("pages=%llu oom=%d offline=%llu", __entry->pages, __entry->oom,
		  __entry->offline)
);

TRACE_EVENT(aerostat_power,
	TP_PROTO(u64 mw, u64 online, u64 offline),
	TP_ARGS(mw, online, offline),
	TP_STRUCT__entry(
		__field(u64, mw)
		__field(u64, online)
		__field(u64, offline)
	),
	TP_fast_assign(
		__entry->mw = mw;
		__entry->online = online;
		__entry->offline = offline;
	),
	TP_printk("mw=%llu online=%llu offline=%llu", __entry->mw, __entry->online,
		  __entry->offline)
);

#endif /* AEROSTAT_HOST_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
