/* SPDX-License-Identifier: Apache-2.0 */
/* 64-bit RISC-V: how a program starts and how it calls the kernel. meson.build picks the folder. */
#pragma once

#define ARCH_ELF_MACHINE 243 /* EM_RISCV */
#define ARCH_HANDLER_FLAGS 0 /* of a signal handler that never returns */

/* The kernel leaves argc, argv and the environment on the stack, which is aligned. gp must be right
 * before the linker's relaxed addressing is used, so its own load is not relaxed. */
#define ARCH_START(function) \
	__asm__(".text\n.globl _start\n.type _start, @function\n_start:\n" \
		".option push\n.option norelax\n" \
		"lla gp, __global_pointer$\n" \
		".option pop\n" \
		"li s0, 0\n" \
		"mv a0, sp\n" \
		"call " #function "\n" \
		"ebreak\n.size _start, . - _start\n")

/* What runs on at one speed, for --trace. */
static inline unsigned long arch_ticks(void)
{
	unsigned long ticks;

	__asm__ volatile("rdtime %0" : "=r"(ticks));
	return ticks;
}

static inline long arch_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long a7 __asm__("a7") = number;
	register long a0 __asm__("a0") = a;
	register long a1 __asm__("a1") = b;
	register long a2 __asm__("a2") = c;
	register long a3 __asm__("a3") = d;
	register long a4 __asm__("a4") = e;
	register long a5 __asm__("a5") = f;

	__asm__ volatile("ecall"
			 : "+r"(a0)
			 : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
			 : "memory");
	return a0;
}
