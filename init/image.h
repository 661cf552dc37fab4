/* SPDX-License-Identifier: Apache-2.0 */
/* The tare-init program as bytes inside tare (library init_image). */
#pragma once

extern const char tare_init_image[], tare_init_image_end[];
