// SPDX-License-Identifier: LGPL-2.1-or-later

// What Go's runtime and its sysinfo(2) say, one word a line.
package main

import (
	"fmt"
	"runtime"
	"syscall"
)

func main() {
	var s syscall.Sysinfo_t
	if err := syscall.Sysinfo(&s); err != nil {
		panic(err)
	}
	fmt.Println("NumCPU", runtime.NumCPU())
	fmt.Println("GOMAXPROCS", runtime.GOMAXPROCS(0))
	fmt.Println("Totalram", uint64(s.Totalram)*uint64(s.Unit))
	fmt.Println("Freeram", uint64(s.Freeram)*uint64(s.Unit))
	fmt.Println("Uptime", s.Uptime)
	fmt.Println("Load1", float64(s.Loads[0])/65536)
}
