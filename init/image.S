/* SPDX-License-Identifier: Apache-2.0 */
	.section .rodata
	.balign 16
	.globl tare_init_image
	.globl tare_init_image_end
	.hidden tare_init_image
	.hidden tare_init_image_end
tare_init_image:
	.incbin "tare-init.stripped"
tare_init_image_end:
	.byte 0
	.section .note.GNU-stack,"",%progbits
