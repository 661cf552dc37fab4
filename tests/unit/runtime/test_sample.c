/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "runtime/rdt.h"
#include "runtime/sample.h"

static const struct stats_device devices[] = { { 8, 16, 1, 2, 3, 4, 5, 6 } };
static const struct stats_hugetlb pages[] = { { "2MB", 4096, NO_LIMIT, 9 } };
static const struct stats_raw raw[] = { { "anon", 5 }, { "sock", 6 }, { "kernel", 7 } };
static const struct interface interfaces[] = { { "e\"0", 1, 2, 3, 4, 5, 6, 7, 8 } };

static struct sample sample(void)
{
	return (struct sample){
		.cgroup = {
			.has_cpu = true, .has_cpu_time = true, .has_memory = true, .has_memory_peak = true, .has_pids = true, .has_io = true,
			.cpu = { 1000001, 2, 3, 4, 5, 6 },
			.memory = { .usage = 100, .limit = 200, .peak = 150, .cache = 10, .swap = 1,
				    .swap_limit = NO_LIMIT, .limit_hits = 3, .oom_kills = 2,
				    .raw = raw, .raw_count = 3 },
			.pids = { 4, NO_LIMIT, 5, 6 },
			.io = { devices, 1 },
			.hugetlb = pages, .hugetlb_count = 1,
			.cpus = "0-1,3", .mems = "",
			.memory_pressure = { true, { 5, 100, 1234, 7 }, { 0, 0, 0, 0 } },
		},
		.interfaces = interfaces,
		.interface_count = 1,
	};
}

/* What is another member, or the same with another meaning, is lost to an engine's parser. */
static void test_event(void **state)
{
	const struct sample s = sample();
	autobuf out = { 0 };

	sample_event("x", &s, &out);
	assert_string_equal(
		out.text,
		"{\"type\":\"stats\",\"id\":\"x\",\"data\":{"
		"\"cpu\":{\"usage\":{\"total\":1000001000,\"kernel\":3000,\"user\":2000},"
		"\"throttling\":{\"periods\":4,\"throttledPeriods\":5,\"throttledTime\":6000}},"
		"\"cpuset\":{\"cpus\":[0,1,3],\"cpu_exclusive\":0,\"mem_hardwall\":0,"
		"\"mem_exclusive\":0,\"memory_migrate\":0,\"memory_spread_page\":0,"
		"\"memory_spread_slab\":0,\"memory_pressure\":0,\"sched_load_balance\":0,"
		"\"sched_relax_domain_level\":0},"
		"\"memory\":{\"cache\":10,"
		"\"usage\":{\"limit\":200,\"usage\":100,\"max\":150,\"failcnt\":3},"
		"\"swap\":{\"limit\":18446744073709551615,\"usage\":101,\"max\":150,\"failcnt\":0},"
		"\"kernel\":{\"limit\":18446744073709551615,\"usage\":7,\"max\":0,\"failcnt\":0},"
		"\"kernelTCP\":{\"limit\":18446744073709551615,\"usage\":6,\"max\":0,\"failcnt\":0},"
		"\"raw\":{\"anon\":5,\"sock\":6,\"kernel\":7},"
		"\"psi\":{\"some\":{\"avg10\":0.05,\"avg60\":1.00,\"avg300\":12.34,\"total\":7},"
		"\"full\":{\"avg10\":0.00,\"avg60\":0.00,\"avg300\":0.00,\"total\":0}}},"
		"\"pids\":{\"current\":4,\"limit\":0},"
		"\"blkio\":{\"ioServiceBytesRecursive\":["
		"{\"major\":8,\"minor\":16,\"op\":\"Read\",\"value\":1},"
		"{\"major\":8,\"minor\":16,\"op\":\"Write\",\"value\":2},"
		"{\"major\":8,\"minor\":16,\"op\":\"Discard\",\"value\":3}],"
		"\"ioServicedRecursive\":["
		"{\"major\":8,\"minor\":16,\"op\":\"Read\",\"value\":4},"
		"{\"major\":8,\"minor\":16,\"op\":\"Write\",\"value\":5},"
		"{\"major\":8,\"minor\":16,\"op\":\"Discard\",\"value\":6}]},"
		"\"hugetlb\":{\"2MB\":{\"usage\":4096,\"failcnt\":9}},\"intel_rdt\":{},"
		"\"network_interfaces\":[{\"Name\":\"e\\\"0\",\"RxBytes\":1,\"RxPackets\":2,"
		"\"RxErrors\":3,\"RxDropped\":4,\"TxBytes\":5,\"TxPackets\":6,\"TxErrors\":7,"
		"\"TxDropped\":8}]}}\n");
}

/* A container without controllers must still make valid JSON. */
static void test_empty_event(void **state)
{
	const struct sample s = { .cgroup = { .cpus = "", .mems = "" } };
	autobuf out = { 0 };

	sample_event("x", &s, &out);
	assert_non_null(strstr(out.text, "\"raw\":{}"));
	assert_non_null(strstr(out.text, "\"ioServiceBytesRecursive\":[]"));
	assert_non_null(strstr(out.text, "\"network_interfaces\":null}}\n"));
}

/* A processor may have only one of both resources, and count nothing: members of what it lacks mislead. */
static void test_class_of_service(void **state)
{
	static const struct rdt_figures rdt = {
		.bandwidth_known = true, .granularity = 10, .linear_delay = 1,
		.least_bandwidth = 20, .bandwidth_classes = 8, .bandwidth = "MB:0=30",
		.counts_traffic = true,
	};
	const struct sample s = { .cgroup = { .cpus = "", .mems = "" }, .rdt = &rdt };
	autobuf out = { 0 };

	sample_event("x", &s, &out);
	assert_non_null(strstr(out.text,
			       "\"intel_rdt\":{\"mem_bw_info\":{\"bandwidth_gran\":10,"
			       "\"delay_linear\":1,\"min_bandwidth\":20,\"num_closids\":8},"
			       "\"mem_bw_schema\":\"MB:0=30\",\"mbm_stats\":[]},\"net"));
}

/* An engine counts OOM kills by these lines. */
static void test_oom(void **state)
{
	autobuf out = { 0 };

	sample_oom_event("a.b", &out);
	assert_string_equal(out.text, "{\"type\":\"oom\",\"id\":\"a.b\"}\n");
}

/* An older kernel's container would seem to have used nothing ever. */
static void test_metrics_without_peak(void **state)
{
	struct measured m = { "a", sample() };
	autobuf out = { 0 };

	m.sample.cgroup.memory.peak = 0;
	m.sample.cgroup.has_memory_peak = false;
	sample_metrics(&m, 1, &out);
	assert_null(strstr(out.text, "container_memory_peak_bytes{"));
	assert_non_null(strstr(out.text, "\ncontainer_memory_usage_bytes{id=\"a\"} 100\n"));
}

/* Prometheus refuses a whole scrape for one wrong line. */
static void test_metrics(void **state)
{
	const struct measured m[] = { { "a", sample() },
				      { "b", { .cgroup = { .cpus = "", .mems = "" } } } };
	autobuf out = { 0 };

	sample_metrics(m, 2, &out);
	assert_true(str_starts(out.text, "# TYPE container_cpu_usage_seconds counter\n"
					 "# UNIT container_cpu_usage_seconds seconds\n"
					 "# HELP container_cpu_usage_seconds CPU time used.\n"
					 "container_cpu_usage_seconds_total{id=\"a\"} 1.000001\n"
					 "# TYPE container_cpu_user_seconds counter\n"));
	assert_non_null(strstr(out.text, "\ncontainer_memory_limit_bytes{id=\"a\"} 200\n"));
	assert_non_null(strstr(out.text, "\ncontainer_memory_peak_bytes{id=\"a\"} 150\n"));
	assert_null(strstr(out.text, "container_memory_swap_limit_bytes{"));
	assert_null(strstr(out.text, "18446744073709551615"));
	assert_non_null(strstr(out.text, "\ncontainer_io_reads_total{id=\"a\",device=\"8:16\"} 4\n"));
	assert_non_null(strstr(
		out.text,
		"\ncontainer_network_sent_bytes_total{id=\"a\",interface=\"e\\\"0\"} 5\n"));
	assert_non_null(strstr(out.text, "\ncontainer_pressure_seconds_total{id=\"a\",resource="
					 "\"memory\",stalled=\"some\"} 0.000007\n"));
	assert_non_null(strstr(out.text, "stalled=\"full\"} 0.000000\n# EOF\n"));
	assert_null(strstr(out.text, "id=\"b\""));
}

/* Traffic would be counted to another interface, or in the other direction. */
static void test_interfaces(void **state)
{
	static const char text[] =
		"Inter-|   Receive                                                |  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes packets\n"
		"    lo:     100       1    0    0    0     0          0         0      100       1"
		"    0    0    0     0       0          0\n"
		"  eth0: 11 12 13 14 15 16 17 18 21 22 23 24 25 26 27 28\n"
		"veth1.2:31 32 33 34 35 36 37 38 41 42 43 44 45 46 47 48\n";
	autoarena arena = { 0 };
	struct sample s = { 0 };

	sample_parse_interfaces(&arena, text, &s);
	assert_int_equal(s.interface_count, 2);
	assert_string_equal(s.interfaces[0].name, "eth0");
	assert_int_equal(s.interfaces[0].rx_bytes, 11);
	assert_int_equal(s.interfaces[0].rx_dropped, 14);
	assert_int_equal(s.interfaces[0].tx_bytes, 21);
	assert_int_equal(s.interfaces[0].tx_dropped, 24);
	assert_string_equal(s.interfaces[1].name, "veth1.2");
	assert_int_equal(s.interfaces[1].tx_errors, 43);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_empty_event),
		cmocka_unit_test(test_class_of_service),
		cmocka_unit_test(test_oom),
		cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_metrics_without_peak),
		cmocka_unit_test(test_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
