/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/resource.h>

#include "mutate.h"
#include "spec/spec.h"

/* All of them: a field that is read but lands elsewhere, or nowhere, is a setting without
 * effect. */
static int load(void **state)
{
	static struct parsed p;

	parse_file("golden/spec/good/full.json", &p);
	*state = &p;
	return !p.spec;
}

static int unload(void **state)
{
	arena_clear(&((struct parsed *)*state)->arena);
	return 0;
}

static const struct spec *spec_of(void **state)
{
	return ((struct parsed *)*state)->spec;
}

static void has_strings(const struct strings *list, const char *const *wanted)
{
	size_t i = 0;

	for (; wanted[i]; i++)
		assert_string_equal(list->items[i], wanted[i]);
	assert_int_equal(list->count, i);
}
#define HAS_STRINGS(list, ...) has_strings(&(list), (const char *const[]){ __VA_ARGS__, NULL })

static void top(void **state)
{
	const struct spec *s = spec_of(state);

	assert_string_equal(s->oci_version, "1.3.0");
	assert_string_equal(s->root.path, "rootfs");
	assert_true(s->root.readonly);
	assert_string_equal(s->hostname, "box");
	assert_string_equal(s->domainname, "box.test");
	assert_int_equal(s->annotations.count, 2);
	assert_string_equal(spec_annotation(s, "com.example.key"), "value");
	assert_string_equal(spec_annotation(s, "com.example.empty"), "");
}

static void mounts(void **state)
{
	const struct spec *s = spec_of(state);
	const struct spec_mount *data = &s->mounts[1];

	assert_int_equal(s->mount_count, 2);
	assert_string_equal(s->mounts[0].destination, "/proc");
	assert_int_equal(s->mounts[0].options.count, 0);
	assert_string_equal(data->destination, "/data");
	assert_string_equal(data->type, "none");
	assert_string_equal(data->source, "/srv/data");
	HAS_STRINGS(data->options, "rbind", "ro", "idmap");
	assert_int_equal(data->uid_mappings.count, 1);
	assert_int_equal(data->uid_mappings.items[0].host_id, 100000);
	assert_int_equal(data->gid_mappings.items[0].host_id, 200000);
	assert_int_equal(data->gid_mappings.items[0].size, 20);
}

static void hooks(void **state)
{
	const struct spec *s = spec_of(state);
	const struct spec_hook *first = s->hooks[HOOK_PRESTART].items;
	static const char *const paths[HOOK_KINDS] = {
		"/bin/a", "/bin/b", "/bin/c", "/bin/d", "/bin/e", "/bin/f",
	};

	for (size_t kind = 0; kind < HOOK_KINDS; kind++)
		assert_string_equal(s->hooks[kind].items[0].path, paths[kind]);
	assert_int_equal(s->hooks[HOOK_POSTSTOP].count, 2);
	HAS_STRINGS(first->args, "a", "b");
	HAS_STRINGS(first->env, "K=V");
	assert_true(first->has_env && first->has_timeout);
	assert_int_equal(first->timeout, 5);
	assert_true(s->hooks[HOOK_CREATE_RUNTIME].items[0].has_env);
	assert_int_equal(s->hooks[HOOK_CREATE_RUNTIME].items[0].env.count, 0);
	assert_false(s->hooks[HOOK_POSTSTOP].items[1].has_env);
	assert_false(s->hooks[HOOK_POSTSTOP].items[1].has_timeout);
}

static void process(void **state)
{
	const struct spec_process *p = &spec_of(state)->process;

	assert_true(p->present && p->terminal && p->has_console_size && p->no_new_privileges);
	assert_int_equal(p->console_height, 25);
	assert_int_equal(p->console_width, 80);
	assert_int_equal(p->user.uid, 1);
	assert_int_equal(p->user.gid, 2);
	assert_true(p->user.has_umask);
	assert_int_equal(p->user.umask, 077);
	assert_int_equal(p->user.additional_gid_count, 2);
	assert_int_equal(p->user.additional_gids[1], 6);
	HAS_STRINGS(p->args, "sh", "-c", "true");
	HAS_STRINGS(p->env, "PATH=/bin", "TERM=xterm");
	assert_string_equal(p->cwd, "/home");
	assert_string_equal(p->apparmor_profile, "some-profile");
	assert_string_equal(p->selinux_label, "system_u:system_r:container_t:s0");
	assert_true(p->has_oom_score_adj);
	assert_int_equal(p->oom_score_adj, -500);
	assert_string_equal(p->exec_cpu_affinity.initial, "7");
	assert_string_equal(p->exec_cpu_affinity.final, "0-3,7");
}

static void process_limits(void **state)
{
	const struct spec_process *p = &spec_of(state)->process;
	const struct spec_capabilities *caps = &p->capabilities;

	assert_true(caps->present);
	assert_true(caps->bounding == (1ull << 0 | 1ull << 5 | 1ull << 40));
	assert_true(caps->effective == 1 << 0);
	assert_true(caps->inheritable == 1 << 5);
	assert_true(caps->permitted == (1 << 0 | 1 << 5));
	assert_true(caps->ambient == 1 << 5);
	assert_int_equal(p->rlimit_count, 2);
	assert_string_equal(p->rlimits[0].type, "RLIMIT_NOFILE");
	assert_int_equal(p->rlimits[0].resource, RLIMIT_NOFILE);
	assert_int_equal(p->rlimits[0].soft, 1024);
	assert_int_equal(p->rlimits[0].hard, 4096);
	assert_int_equal(p->rlimits[1].resource, RLIMIT_CORE);
	assert_true(p->scheduler.present && p->io_priority.present);
	assert_int_equal(p->scheduler.policy, SCHED_BATCH);
	assert_int_equal(p->scheduler.nice, 5);
	assert_int_equal(p->scheduler.flags, SCHED_FLAG_RESET_ON_FORK);
	assert_int_equal(p->io_priority.class, IOPRIO_CLASS_BE);
	assert_int_equal(p->io_priority.priority, 3);
}

static void namespaces(void **state)
{
	const struct spec *s = spec_of(state);
	const struct spec_linux *l = &s->linux;

	assert_true(l->present);
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++) {
		assert_true(spec_has_namespace(s, kind));
		assert_int_equal(spec_new_namespace(s, kind), kind != NS_NETWORK);
	}
	assert_string_equal(l->namespaces[NS_NETWORK].path, "/run/netns/a");
	assert_int_equal(l->namespaces[NS_TIME].index, 7);
	assert_int_equal(l->uid_mappings.count, 2);
	assert_int_equal(l->uid_mappings.items[1].container_id, 1);
	assert_int_equal(l->uid_mappings.items[1].host_id, 100000);
	assert_int_equal(l->uid_mappings.items[1].size, 65535);
	assert_int_equal(l->gid_mappings.count, 1);
	assert_true(l->boottime.present && l->monotonic.present);
	assert_int_equal(l->boottime.secs, -5);
	assert_int_equal(l->boottime.nanosecs, 7);
	assert_true(l->monotonic.secs == INT64_MAX);
}

static void devices(void **state)
{
	const struct spec_linux *l = &spec_of(state)->linux;

	assert_int_equal(l->device_count, 2);
	assert_string_equal(l->devices[0].path, "/dev/fuse");
	assert_int_equal(l->devices[0].type, 'c');
	assert_int_equal(l->devices[0].major, 10);
	assert_int_equal(l->devices[0].minor, 229);
	assert_true(l->devices[0].has_file_mode && l->devices[0].has_uid && l->devices[0].has_gid);
	/* Without the file's type, which Podman leaves in. */
	assert_int_equal(l->devices[0].file_mode, 0666);
	assert_int_equal(l->devices[0].uid, 3);
	assert_int_equal(l->devices[0].gid, 4);
	assert_int_equal(l->devices[1].type, 'p');
	assert_int_equal(l->devices[1].major, 0);
	assert_false(l->devices[1].has_file_mode);
	assert_int_equal(l->net_device_count, 2);
	assert_string_equal(l->net_devices[0].host_name, "eth0");
	assert_string_equal(l->net_devices[0].name, "inner%d");
	assert_null(l->net_devices[1].name);
}

static void linux_texts(void **state)
{
	const struct spec_linux *l = &spec_of(state)->linux;

	assert_string_equal(l->cgroups_path, "/some/where");
	assert_string_equal(l->rootfs_propagation, "slave");
	assert_string_equal(l->mount_label, "system_u:object_r:container_file_t:s0");
	HAS_STRINGS(l->masked_paths, "/proc/kcore");
	HAS_STRINGS(l->readonly_paths, "/proc/sys", "/proc/bus");
	assert_true(l->personality.present && l->intel_rdt.present && l->memory_policy.present);
	assert_int_equal(l->personality.domain, PER_LINUX32);
	assert_int_equal(l->sysctl.count, 6);
	assert_string_equal(l->sysctl.items[1].key, "net/core/somaxconn");
	assert_string_equal(l->sysctl.items[1].value, "256");
	assert_string_equal(l->intel_rdt.clos_id, "group");
	assert_string_equal(l->intel_rdt.l3_cache_schema, "L3:0=7f0;1=1f");
	assert_string_equal(l->intel_rdt.mem_bw_schema, "MB:0=20;1=70");
	HAS_STRINGS(l->intel_rdt.schemata, "L2:0=f");
	assert_true(l->intel_rdt.enable_monitoring);
	assert_int_equal(l->memory_policy.mode, MPOL_INTERLEAVE);
	assert_string_equal(l->memory_policy.nodes, "0-1");
	assert_int_equal(l->memory_policy.flags, MPOL_F_STATIC_NODES);
}

static void device_rules(void **state)
{
	const struct spec_resources *r = &spec_of(state)->linux.resources;

	assert_true(r->present);
	assert_int_equal(r->device_count, 3);
	assert_false(r->devices[0].allow);
	assert_int_equal(r->devices[0].type, 'a');
	assert_false(r->devices[0].has_major);
	assert_int_equal(r->devices[0].major, -1);
	assert_true(r->devices[0].read && r->devices[0].write && r->devices[0].mknod);
	assert_true(r->devices[1].allow && r->devices[1].has_major && r->devices[1].has_minor);
	assert_int_equal(r->devices[1].minor, 229);
	assert_true(r->devices[1].read && r->devices[1].write && !r->devices[1].mknod);
	assert_int_equal(r->devices[2].type, 'b');
	assert_int_equal(r->devices[2].minor, -1);
	assert_true(r->devices[2].mknod && !r->devices[2].read);
}

static void memory_and_cpu(void **state)
{
	const struct spec_memory *m = &spec_of(state)->linux.resources.memory;
	const struct spec_cpu *c = &spec_of(state)->linux.resources.cpu;

	assert_true(m->has_limit && m->has_reservation && m->has_swap && m->has_kernel &&
		    m->has_kernel_tcp && m->has_swappiness && m->has_disable_oom_killer &&
		    m->has_use_hierarchy && m->has_check_before_update);
	assert_int_equal(m->limit, 536870912);
	assert_int_equal(m->reservation, 268435456);
	assert_int_equal(m->swap, 1073741824);
	assert_true(m->kernel == -1 && m->kernel_tcp == -1);
	assert_int_equal(m->swappiness, 60);
	assert_true(!m->disable_oom_killer && m->use_hierarchy && m->check_before_update);
	assert_true(c->has_shares && c->has_quota && c->has_burst && c->has_period &&
		    c->has_realtime_runtime && c->has_realtime_period && c->has_idle);
	assert_int_equal(c->shares, 1024);
	assert_int_equal(c->quota, 1000000);
	assert_int_equal(c->burst, 1000);
	assert_int_equal(c->period, 500000);
	assert_int_equal(c->realtime_runtime, 950000);
	assert_int_equal(c->realtime_period, 1000000);
	assert_int_equal(c->idle, 1);
	assert_string_equal(c->cpus, "2-3");
	assert_string_equal(c->mems, "0-7");
}

static void has_throttle(const struct spec_throttle_devices *devices, int64_t minor, uint64_t rate)
{
	assert_int_equal(devices->count, 1);
	assert_int_equal(devices->items[0].major, 8);
	assert_int_equal(devices->items[0].minor, minor);
	assert_int_equal(devices->items[0].rate, rate);
}

static void block_io(void **state)
{
	const struct spec_block_io *io = &spec_of(state)->linux.resources.block_io;

	assert_true(io->present && io->has_weight && io->has_leaf_weight);
	assert_int_equal(io->weight, 10);
	assert_int_equal(io->leaf_weight, 20);
	assert_int_equal(io->weight_device_count, 1);
	assert_int_equal(io->weight_devices[0].weight, 500);
	assert_int_equal(io->weight_devices[0].leaf_weight, 300);
	has_throttle(&io->read_bps, 1, 600);
	has_throttle(&io->write_bps, 2, 601);
	has_throttle(&io->read_iops, 3, 602);
	has_throttle(&io->write_iops, 4, 603);
}

static void other_resources(void **state)
{
	const struct spec_resources *r = &spec_of(state)->linux.resources;

	assert_true(r->has_pids_limit && r->pids_limit == 0);
	assert_int_equal(r->hugepage_limit_count, 1);
	assert_string_equal(r->hugepage_limits[0].page_size, "2MB");
	assert_int_equal(r->hugepage_limits[0].limit, 209715200);
	assert_true(r->has_network_class_id);
	assert_int_equal(r->network_class_id, 1048577);
	assert_int_equal(r->network_priority_count, 1);
	assert_string_equal(r->network_priorities[0].name, "eth0");
	assert_int_equal(r->network_priorities[0].priority, 500);
	assert_int_equal(r->rdma_count, 2);
	assert_string_equal(r->rdma[0].device, "mlx5_1");
	assert_int_equal(r->rdma[0].handles, 3);
	assert_int_equal(r->rdma[0].objects, 10000);
	assert_false(r->rdma[1].has_handles);
	assert_int_equal(r->unified.count, 2);
	assert_string_equal(r->unified.items[0].key, "memory.high");
	assert_string_equal(r->unified.items[1].value, "8:0 rbps=1");
}

static void seccomp(void **state)
{
	const struct spec_seccomp *s = &spec_of(state)->linux.seccomp;
	const struct spec_seccomp_rule *clone = &s->rules[1];

	assert_true(s->present && s->has_default_errno_ret);
	assert_int_equal(s->default_action, SECCOMP_ERRNO);
	assert_int_equal(s->default_errno_ret, 38);
	HAS_STRINGS(s->architectures, "SCMP_ARCH_X86_64", "SCMP_ARCH_X32");
	HAS_STRINGS(s->flags, "SECCOMP_FILTER_FLAG_LOG");
	assert_string_equal(s->listener_path, "/run/agent.sock");
	assert_string_equal(s->listener_metadata, "meta");
	assert_int_equal(s->rule_count, 3);
	HAS_STRINGS(s->rules[0].names, "getcwd", "chmod");
	assert_int_equal(s->rules[0].action, SECCOMP_ALLOW);
	assert_false(s->rules[0].has_errno_ret);
	assert_true(clone->has_errno_ret);
	assert_int_equal(clone->errno_ret, 1);
	assert_int_equal(clone->arg_count, 1);
	assert_int_equal(clone->args[0].index, 5);
	assert_int_equal(clone->args[0].value, 2114060288);
	assert_int_equal(clone->args[0].value_two, 1);
	assert_int_equal(clone->args[0].op, SECCOMP_MASKED_EQ);
	assert_int_equal(s->rules[2].action, SECCOMP_NOTIFY);
}

/* What the specification says to drop must not reach a system call that fails because of it. */
static void is_settled(void **state)
{
	struct parsed p;

	parse_string("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"
		     "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],"
		     "\"capabilities\":{\"permitted\":[\"CAP_KILL\"],\"inheritable\":[\"CAP_CHOWN\"],\"effective\":[\"CAP_KILL\",\"CAP_BPF\"],"
		     "\"ambient\":[\"CAP_KILL\"]}},\"linux\":{\"seccomp\":{\"defaultAction\":"
		     "\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/a\",\"listenerMetadata\":\"b\"}}}",
		     &p);
	assert_non_null(p.spec);
	assert_true(p.spec->process.capabilities.effective == 1 << 5);
	assert_true(p.spec->process.capabilities.ambient == 0);
	assert_true(p.spec->process.capabilities.inheritable == 0);
	assert_null(p.spec->linux.seccomp.listener_path);
	assert_null(p.spec->linux.seccomp.listener_metadata);
	arena_clear(&p.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(top),		cmocka_unit_test(mounts),
		cmocka_unit_test(hooks),	cmocka_unit_test(process),
		cmocka_unit_test(process_limits), cmocka_unit_test(namespaces),
		cmocka_unit_test(devices),	cmocka_unit_test(linux_texts),
		cmocka_unit_test(device_rules), cmocka_unit_test(memory_and_cpu),
		cmocka_unit_test(block_io),	cmocka_unit_test(other_resources),
		cmocka_unit_test(seccomp),	cmocka_unit_test(is_settled),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
