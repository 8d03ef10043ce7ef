/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the values of keys are made of that have several parts: tables for OPTION_PROPERTIES.
 */
#pragma once

#include "pct/cli/property.h"

extern const struct option autosnap_properties[], device_properties[], feature_properties[],
    mount_properties[], net_properties[], startup_properties[], volume_properties[];
