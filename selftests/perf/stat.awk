# SPDX-License-Identifier: GPL-2.0
#
# Medians and spreads of what add() was given, by name and key; for table.awk and costs.awk.

function add(name, k, value) { n[name, k]++; values[name, k, n[name, k]] = value + 0 }

# Sorts once; afterwards middle(), least() and most() read.
function sort(name, k, i, j, v) {
	if ((name, k) in sorted)
		return
	sorted[name, k] = 1
	for (i = 2; i <= n[name, k]; i++) {
		v = values[name, k, i]
		for (j = i - 1; j >= 1 && values[name, k, j] > v; j--)
			values[name, k, j + 1] = values[name, k, j]
		values[name, k, j + 1] = v
	}
}

function middle(name, k, count) {
	sort(name, k)
	count = n[name, k]
	if (!count)
		return 0
	return (values[name, k, int((count + 1) / 2)] + values[name, k, int(count / 2) + 1]) / 2
}

function least(name, k) { sort(name, k); return values[name, k, 1] }
function most(name, k) { sort(name, k); return values[name, k, n[name, k]] }
