// SPDX-License-Identifier: LGPL-2.1-or-later

// What the JVM says, one word a line. Compiled by hand into the root once: a JRE has no javac.
import java.lang.management.ManagementFactory;
import com.sun.management.OperatingSystemMXBean;

public class Probe {
	public static void main(String[] args) {
		OperatingSystemMXBean os =
			(OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
		System.out.println("availableProcessors " + Runtime.getRuntime().availableProcessors());
		System.out.println("maxMemory " + Runtime.getRuntime().maxMemory());
		System.out.println("total " + os.getTotalMemorySize());
		System.out.println("free " + os.getFreeMemorySize());
		System.out.println("swap " + os.getTotalSwapSpaceSize());
		System.out.println("load " + os.getSystemLoadAverage());
		System.out.println("cpu " + os.getCpuLoad());
	}
}
