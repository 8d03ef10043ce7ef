// SPDX-License-Identifier: LGPL-2.1-or-later

// What Node says, one word a line.
const os = require('os');
const busy = () => os.cpus().reduce((a, c) => {
	const t = c.times;
	return [a[0] + t.user + t.nice + t.sys, a[1] + t.idle];
}, [0, 0]);
const first = busy();
setTimeout(() => {
	const last = busy(), used = last[0] - first[0], idle = last[1] - first[1];
	const say = {
		cpus: os.cpus().length,
		parallelism: os.availableParallelism ? os.availableParallelism() : 'none',
		totalmem: os.totalmem(),
		freemem: os.freemem(),
		load1: os.loadavg()[0],
		uptime: os.uptime(),
		idle: 100 * idle / Math.max(1, used + idle),
	};
	for (const k in say)
		console.log(k, say[k]);
}, 2000);
