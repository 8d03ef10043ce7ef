# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   make            build everything into build/
#   make deps       install the Debian packages that are missing (packaging/debian-deps)
#   make demo       a container beside its host: free, nproc, uptime, top (root)
#   make picture    the README's: two real terminals, docs/before-after.svg and .png (root)
#   make check      every test: unit, golden, system (root), lint; last line is the count
#   make unit       only the tests that need neither root nor FUSE; make system: only those of the others
#                   that need no virtual machine
#   make check-tsan the daemon under ThreadSanitizer, RACES_S=30 seconds long (root)
#   make check-vm   only the system tests on a cgroup v2 host (QEMU); check-vm-full: all of those
#   make truth      what some hundred tools say in a container, beside what is true (root);
#                   TRUTH_VM=1: on a cgroup v2 host (QEMU); and in a root like Alpine's
#   make golden     write tests/golden anew, then look at `git diff tests/golden`
#   make bench      everything beside its peers, in turns, as a page with plots: $B/bench/bench.html
#                   (root; bench/peers fetches LXD). CASES=btrfs or reads/stat; QUICK=1: 2 minutes
#   make bench-pictures  of that run, into README.md and docs/: pictures and a table; tests/report-opens looks at the page
#   make bench-promises  time one render of every file, what is typed often, what a container's start and
#                   sysinfo(2) cost, and repair of 200 containers (root)
#   make bench-scale  what 2000 containers cost, and a noisy one (root)
#   make bench-read what reading costs in a container: pctfs, the kernel and lxcfs, in turns (root);
#                   4 minutes, QUICK=1: 40 seconds
#   make fuzz       the parsers under libFuzzer, FUZZ_S=5 seconds each, two at a time on two CPUs (clang)
#   make lint       layering, formatting, cppcheck, shellcheck, manual pages, documents
#   make static     pct-launch and pct-runc without libraries, for OCI engines anywhere
#   make install    PREFIX, DESTDIR; also `uninstall`
#   make dist       the source as one file, build/pct-VERSION.tar.xz, the same bytes each time
#   make deb        Debian packages of it, built by dpkg-buildpackage, into build/deb
#   make check-packages  those and their lintian, installed, upgraded, removed in a machine (QEMU)
#
#   SAN=address,undefined   any target, in a build folder of its own
#   CC=clang B=build-clang  another compiler beside the first
#   WERROR=1                as in CI      V=1   show the commands

# As packaging/debian/changelog, packaging/rpm and packaging/arch have it; tests/e2e/packages-made.sh looks.
VERSION := 0.1

PREFIX  ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
LIBDIR  ?= $(PREFIX)/lib
# pct looks for it from where it is itself: ../libexec/pct
LIBEXECDIR ?= $(SBINDIR)/../libexec/pct
INCDIR  ?= $(PREFIX)/include
UNITDIR ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
PCTDIR  ?= $(PREFIX)/share/pct
MANDIR  ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/vendor-completions
# LXC's own, wherever ours is: it looks nowhere else.
LXCDIR  ?= /usr/share/lxc/config
HOOKDIR ?= $(PREFIX)/share/pct/hooks.d
CFLAGS  ?= $(if $(SAN),-O1,-O2) -g
FUZZ_S  ?= 5

comma := ,
B := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
Q := $(if $(V),,@)

override CPPFLAGS += -I. -D_GNU_SOURCE -MMD -MP -DPCT_VERSION='"$(VERSION)"' $(if $(SAN),-DPCT_SAN)
override CFLAGS   += -std=gnu17 -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes \
		     -Wstrict-prototypes $(if $(WERROR),-Werror) \
		     $(if $(SAN),-Wno-format-truncation -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
override LDFLAGS  += $(if $(SAN),-fsanitize=$(SAN))

# Asked once, and not before a recipe needs it: `make deps` must run without the libraries.
pkg = $(eval $(1) := $$(shell pkg-config $(2)))$($(1))
FUSE_CFLAGS = $(call pkg,FUSE_CFLAGS,--cflags fuse3)
FUSE_LIBS   = $(call pkg,FUSE_LIBS,--libs fuse3)
LXC_LIBS    = $(call pkg,LXC_LIBS,--libs lxc)
NL_CFLAGS   = $(call pkg,NL_CFLAGS,--cflags libnl-route-3.0)
NL_LIBS     = $(call pkg,NL_LIBS,--libs libnl-route-3.0)

# What the parts of pct are for: pct/pct.h.
pct_dirs := pct $(sort $(patsubst %/,%,$(wildcard pct/*/)))
objects = $(patsubst %.c,$(B)/obj/%.o,$(wildcard $(addsuffix /*.c,$(1))))
tests   = $(patsubst tests/%.c,$(B)/%,$(wildcard tests/check-*.c))
fuzzers = $(patsubst tests/fuzz/%.c,$(B)/%,$(wildcard tests/fuzz/fuzz-*.c))
manuals = $(addprefix $(B)/man/,pct.1 cgview.3 pct.conf.5 storage.cfg.5 pct-launch.8 pctfs.8)
sources = $(wildcard $(patsubst %,%/*.[ch],base cgview procfs launcher launcher/static $(pct_dirs) tests tests/fuzz tests/truth bench bench/suite docs))
scripts = packaging/dist packaging/from-lxcfs packaging/debian/build packaging/completion/pct.bash tests/fuzz/run $(wildcard packaging/debian/*.postinst packaging/debian/*.prerm packaging/debian/*.postrm) packaging/kubernetes/install $(wildcard tests/run tests/tour tests/capture tests/lint-steps tests/lint-man tests/report-opens docs/demo docs/picture bench/bench-pct bench/bench-life bench/bench-container bench/bench-repair bench/bench-scale bench/bench-reads bench/peer-lib bench/suite-* bench/limits bench/peers .ci/run tests/e2e/*.sh tests/e2e/*-lib) \
	  $(filter-out %/packages %.service,$(wildcard tests/vm/*)) $(wildcard tests/truth/build tests/truth/build-musl tests/truth/vm)

# `pct bench`'s, with the shell's part of it.
benches = $(B)/pct-bench $(B)/bench-read $(B)/bench-work
bench_libs = bench/suite-lib bench/suite-places bench/suite-life bench/suite-density bench/peer-lib

all: $(B)/pctfs $(B)/pct-launch $(B)/pct-runc $(B)/pct $(benches) $(B)/libcgview.a $(B)/libcgview.so.1 $(manuals)

# Who may use what. A program sees the archives on its line, and only those.
$(B)/libcgview.a: $(call objects,cgview)
$(B)/libprocfs.a: $(filter-out $(B)/obj/procfs/main.o,$(call objects,procfs))
$(B)/libpct.a:    $(filter-out $(B)/obj/pct/main.o,$(call objects,$(pct_dirs)))
$(B)/pctfs:       $(B)/obj/procfs/main.o $(B)/libprocfs.a $(B)/libcgview.a $(B)/obj/base/say.o
$(B)/liblauncher.a: $(filter-out $(B)/obj/launcher/main.o $(B)/obj/launcher/runc.o,$(call objects,launcher))
$(B)/pct-launch:  $(B)/obj/launcher/main.o $(B)/liblauncher.a $(B)/obj/base/say.o
$(B)/pct-runc:    $(B)/obj/launcher/runc.o $(B)/liblauncher.a $(B)/obj/base/say.o
$(B)/pct:         $(B)/obj/pct/main.o $(B)/libpct.a $(B)/libcgview.a $(B)/obj/base/say.o
$(tests):         $(B)/obj/tests/fixture.o $(B)/libprocfs.a $(B)/libpct.a $(B)/liblauncher.a $(B)/libcgview.a $(B)/obj/base/say.o
$(B)/bench-render: $(B)/libprocfs.a $(B)/libcgview.a $(B)/obj/base/say.o

$(B)/obj/procfs/%.o $(B)/obj/tests/check-opens.o $(B)/obj/tests/check-stuck.o: override CPPFLAGS += -DFUSE_USE_VERSION=314 $(FUSE_CFLAGS)
$(B)/obj/pct/net/%.o $(B)/fuzz/pct/net/%.o: override CPPFLAGS += $(NL_CFLAGS)
$(B)/pctfs $(B)/bench-render: LDLIBS += $(FUSE_LIBS) -ljson-c -lsystemd -lcap -lseccomp -lpthread
$(B)/pct-launch $(B)/pct-runc: LDLIBS += -ljson-c -lseccomp
$(B)/pct $(B)/pct-die: LDLIBS += $(NL_LIBS) -ljson-c -lnettle
$(tests):        LDLIBS += $(FUSE_LIBS) $(LXC_LIBS) $(NL_LIBS) -larchive -lnettle -ljson-c -lsystemd -lcap -lseccomp -lcheck -lsubunit -lrt -lm -lpthread

# Which have the version in them.
$(addprefix $(B)/obj/,procfs/main.o launcher/main.o pct/main.o): Makefile

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/%.a:
	$(if $(V),,@echo "  AR    $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/pctfs $(B)/pct-launch $(B)/pct-runc $(B)/pct:
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# For programs of others. Its names are those in its headers; our programs have libcgview.a in them,
# so that they are replaced in one piece.
library = cgview.h span.h identity.h nodes.h
$(B)/libcgview.map: $(addprefix cgview/,$(library))
	@mkdir -p $(@D)
	$(Q){ echo 'CGVIEW_1 { global:'; cat $^ | grep -oE '\b(cgv|span)_[a-z0-9_]+\(' | tr '(' ';' | sort -u; \
		echo 'local: *; };'; } >$@

$(B)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $< (pic)")
	$(Q)$(CC) $(CPPFLAGS) -fPIC $(CFLAGS) -c -o $@ $<

$(B)/libcgview.so.1: $(patsubst %.c,$(B)/pic/%.o,$(wildcard cgview/*.c)) $(B)/libcgview.map
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=$(B)/libcgview.map \
		$(if $(SAN),,-Wl$(comma)-z$(comma)defs) -o $@ $(filter %.o,$^)

# Of the tables in pct itself: nothing is listed twice.
$(filter %.1 %.5,$(manuals)): $(B)/pct
	@mkdir -p $(@D)
	$(if $(V),,@echo "  MAN   $@")
	$(Q)$< manual $(basename $(@F)) >$@.new && mv $@.new $@
# Likewise of the daemon's and the launcher's tables, and of the library's headers.
$(filter %.8,$(manuals)): $(B)/man/%.8: $(B)/%
	@mkdir -p $(@D)
	$(if $(V),,@echo "  MAN   $@")
	$(Q)$< manual >$@.new && mv $@.new $@
$(B)/man/cgview.3: cgview/manual.awk cgview/cgview.h cgview/identity.h cgview/nodes.h docs/free-of.c base/roff.h
	@mkdir -p $(@D)
	$(if $(V),,@echo "  MAN   $@")
	$(Q)awk -v date="$$(sed -n 's/^#define ROFF_DATE "\(.*\)"/\1/p' base/roff.h)" -f $(filter %.awk cgview/% docs/%,$^) >$@.new && mv $@.new $@

$(B)/check-%: $(B)/obj/tests/check-%.o
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

$(B)/bench-%: $(B)/obj/bench/bench-%.o
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

# For any distribution's hosts: OCI hooks and the wrapper as programs without libraries.
static: $(B)/static/pct-launch $(B)/static/pct-runc
$(B)/static/pct-launch: $(B)/obj/launcher/main.o $(B)/obj/launcher/static/nolxc.o
$(B)/static/pct-runc:   $(B)/obj/launcher/runc.o
$(B)/static/%: $(B)/liblauncher.a $(B)/obj/base/say.o
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -static -o $@ $(filter %.o,$^) $(filter %.a,$^) -ljson-c -lseccomp

# pctfs with places at which its worker can be made to end (procfs/die.h).
$(B)/die/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $< (die)")
	$(Q)$(CC) $(CPPFLAGS) -DFUSE_USE_VERSION=314 $(FUSE_CFLAGS) -DPCT_DIE $(CFLAGS) -c -o $@ $<

$(B)/die/pctfs: $(patsubst %.c,$(B)/die/%.o,$(wildcard procfs/*.c)) $(B)/libcgview.a $(B)/obj/base/say.o
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(FUSE_LIBS) -ljson-c -lsystemd -lcap -lseccomp -lpthread

# pct whose every step can be killed or made to fail (pct/step.h); what has none is as it is.
stepped := $(shell grep -ls '"pct/step.h"' $(addsuffix /*.c,$(pct_dirs)))
$(B)/pct-die: $(B)/obj/pct/main.o $(patsubst %.c,$(B)/die/%.o,$(stepped)) $(B)/libpct.a $(B)/libcgview.a $(B)/obj/base/say.o
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# pct-launch that waits between finding a target and moving a view there (launcher/pause.h).
$(B)/pause/pct-launch: $(filter-out launcher/runc.c,$(wildcard launcher/*.[ch])) $(B)/obj/base/say.o
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(CPPFLAGS) -DPCT_PAUSE $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.o,$^) -ljson-c -lseccomp

# For system tests: it runs in containers, without their libraries.
$(B)/work $(B)/reader $(B)/tear $(B)/mounter $(B)/sysinfo $(B)/probe $(B)/maker $(B)/poll: $(B)/%: tests/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) -I. -D_GNU_SOURCE -O2 -std=gnu17 -Wall -Wextra -static -o $@ $<

# The example of cgview(3), as tests/e2e/wrong-number.sh runs it.
$(B)/free-of: docs/free-of.c $(B)/libcgview.a
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $^

# For tests/e2e/hostile-attach.sh: the hostile ones, and who looks what they bring about.
$(B)/swapper: tests/swapper.c
$(B)/hostile $(B)/hinder: $(B)/%: tests/%.c tests/attempt.c tests/attempt.h
$(B)/swapper $(B)/hostile $(B)/hinder:
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) -I. -D_GNU_SOURCE -O2 -std=gnu17 -Wall -Wextra -static -o $@ $(filter %.c,$^)

# One table of cases, beside peers and floors: bench/suite/suite.h.
$(B)/pct-bench: $(call objects,bench/suite) $(B)/obj/base/say.o
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -ljson-c

$(B)/bench-sysinfo $(B)/bench-run $(B)/bench-work: $(B)/%: bench/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) -D_GNU_SOURCE -O2 -std=gnu17 -Wall -Wextra -static -o $@ $<

# The parsers once more, for libFuzzer; a finding is kept in the build folder.
FUZZ_FLAGS := -g -O1 -std=gnu17 -fsanitize=address,undefined -fno-sanitize-recover=all
$(B)/fuzz/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $< (fuzz)")
	$(Q)clang $(CPPFLAGS) -DFUSE_USE_VERSION=314 $(FUSE_CFLAGS) $(FUZZ_FLAGS) \
		-fsanitize=fuzzer-no-link -c -o $@ $<

fuzzed = $(patsubst %.c,$(B)/fuzz/%.o,$(filter-out %/main.c %/runc.c,$(wildcard $(addsuffix /*.c,$(if $(filter pct,$(1)),$(pct_dirs),$(1))))))
$(foreach f,base cgview procfs pct launcher,$(eval $(B)/fuzz/$(f).a: $(call fuzzed,$(f))))

$(B)/fuzz-%: $(B)/fuzz/tests/fuzz/fuzz-%.o $(B)/fuzz/procfs.a $(B)/fuzz/pct.a $(B)/fuzz/launcher.a $(B)/fuzz/cgview.a $(B)/fuzz/base.a
	$(if $(V),,@echo "  LD    $@")
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ \
		$(FUSE_LIBS) $(LXC_LIBS) $(NL_LIBS) -larchive -ljson-c -lnettle -lsystemd -lseccomp

# Missing packages only; silent and instant when all is there.
deps:
	@missing=; have=$$(dpkg-query -W -f '|$${db:Status-Status} $${Package}|\n' 2>/dev/null); \
	for p in $$(sed 's/[ \t]*#.*//' packaging/debian-deps); do \
		case "$$have" in *"|installed $$p|"*) ;; *) missing="$$missing $$p" ;; esac; done; \
	if [ -n "$$missing" ]; then echo "  DEPS $$missing"; \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive \
		apt-get install -yq --no-install-recommends $$missing; fi

# Another build folder's: the daemon that tests/e2e/daemon-races.sh runs.
races = SAN=thread B=$(B)-thread $(B)-thread/pctfs

# A make of its own, so that what asks pkg-config is asked after the packages are there.
check: deps
	$(Q)$(MAKE) --no-print-directory all tests fuzzers lint
	$(if $(SAN),,$(Q)$(MAKE) --no-print-directory $(races))
	$(Q)$(run) $(tests) $(systems) tests/vm/check.sh

# What check has, in parts: beside this unit, lint, check-vm.
run = B=$(B) $(jobs) $(if $(SAN),,PCTFS=$(B)-thread/pctfs) tests/run
systems = $(wildcard tests/e2e/*-*.sh)
system: deps
	$(Q)$(MAKE) --no-print-directory all tests
	$(if $(SAN),,$(Q)$(MAKE) --no-print-directory $(races))
	$(Q)$(run) $(systems)

check-tsan: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(MAKE) --no-print-directory $(races)
	$(Q)B=$(B) PCTFS=$(B)-thread/pctfs RACES_S=$(or $(RACES_S),30) tests/run tests/e2e/daemon-races.sh

# Of every kind of end a worker can have, as many as are wanted to believe it.
check-deaths: deps
	$(Q)$(MAKE) --no-print-directory all tests
	$(Q)B=$(B) DEATHS=100 KILLS=1000 TAKEOVERS=100 KEEPER_DEATHS=100 READS=100000 TRIES=1000 TEST_TIMEOUT=2400 \
		tests/run tests/e2e/worker-dies.sh tests/e2e/keeper-dies.sh tests/e2e/no-tears.sh tests/e2e/hostile-attach.sh

for_vm = $(B)/work $(B)/reader $(B)/tear $(B)/mounter $(B)/sysinfo $(B)/probe $(B)/maker $(B)/free-of $(B)/die/pctfs

check-vm: deps
	$(Q)$(MAKE) --no-print-directory all $(for_vm)
	$(Q)B=$(B) tests/run tests/vm/check.sh

check-vm-full: deps
	$(Q)$(MAKE) --no-print-directory all $(for_vm) deb
	$(Q)B=$(B) VM_FULL=1 TEST_TIMEOUT=4200 tests/run tests/vm/check.sh

truth: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)B=$(B) tests/truth/$(if $(TRUTH_VM),vm,run)
	$(if $(TRUTH_VM),,$(Q)B=$(B) tests/truth/run --musl)

# So many at a time: most of them wait most of the time.
jobs = TESTS_JOBS=$(or $(TESTS_JOBS),4)
unit: $(tests) $(B)/pctfs
	$(Q)$(jobs) tests/run $(tests)

tests: $(tests) $(B)/work $(B)/reader $(B)/tear $(B)/mounter $(B)/sysinfo $(B)/probe $(B)/maker $(B)/die/pctfs $(B)/pct-die $(B)/pause/pct-launch $(B)/swapper $(B)/hostile $(B)/hinder $(B)/free-of $(benches) $(if $(SAN),,static)
fuzzers: $(fuzzers)

golden: $(B)/check-golden $(B)/check-pct-lxcconf $(B)/check-pct-confs $(B)/check-pct-guest
	$(Q)for t in $^; do GOLDEN=write $$t || exit 1; done

fuzz: $(fuzzers)
	$(Q)FUZZ_S=$(FUZZ_S) tests/fuzz/run $^

demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)B=$(B) docs/demo

picture: all
	$(Q)B=$(B) docs/picture

bench-promises: $(B)/bench-render $(B)/bench-sysinfo $(B)/bench-run all
	$(Q)$<
	$(Q)B=$(B) bench/bench-pct
	$(Q)B=$(B) bench/bench-life
	$(Q)B=$(B) bench/bench-container
	$(Q)B=$(B) bench/bench-repair

bench-scale: $(B)/bench-read all
	$(Q)B=$(B) bench/bench-scale

bench-read: $(B)/bench-read all
	$(Q)B=$(B) bench/bench-reads

bench: $(benches) all
	$(Q)$(B)/pct-bench $(if $(QUICK),--quick) --out $(B)/bench $(CASES)

# What the README shows of it: of the run before, as it was.
bench-pictures:
	$(Q)bench/pictures $(B)/bench README.md

# One grep a rule of HACKING.md: includes point to the right only; every file says its licence.
lint: $(manuals)
	$(Q)! grep -rnE '#include [<"](fuse|lxc/|procfs/|launcher/|pct/|base/say)' cgview
	$(Q)! grep -rnE '#include "(launcher|pct)/' procfs
	$(Q)! grep -rnE '#include "(procfs|pct|cgview)/' launcher
	$(Q)! grep -rnE '#include "(procfs|launcher)/' pct
	$(Q)! grep -rnE '#include "(cgview|procfs|launcher|pct)/' base
	$(Q)! grep -rnE '#include "cgview/' procfs pct | grep -vE 'cgview/(cgview|span)\.h'
	$(Q)tests/lint-steps
	$(Q)tests/lint-man $(manuals)
	$(Q)tests/lint-docs $(B)/pct $(wildcard *.md docs/*.md packaging/*.md packaging/*/*.md)
	$(Q)bare=$$(grep -L 'SPDX-License-Identifier: LGPL-2.1-or-later' $(sources)); \
		[ -z "$$bare" ] || { echo "no licence line in $$bare"; exit 1; }
	$(Q)clang-format --dry-run -Werror $(sources)
	$(Q)cppcheck -j $$(nproc) -q --std=c11 --error-exitcode=1 --inline-suppr -I. -D_GNU_SOURCE \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		--suppress=uninitvar --suppress=constStatement base cgview procfs launcher pct
	$(Q)printf '%s\n' $(scripts) | xargs -n 10 -P $$(nproc) shellcheck -S warning -x -P SCRIPTDIR

units = pctfs-keeper.service pctfs.service pctfs-textfile.service pctfs-textfile.timer pct-autostart.service pct-autosnap.service pct-autosnap.timer
hooks = $(notdir $(wildcard packaging/oci/hooks.d/*.json))
lxcconfs = lxc-views.conf lxc-nesting.conf
located = sed 's|/usr/sbin/|$(SBINDIR)/|g; s|/usr/share/pct/|$(PCTDIR)/|; s|/usr/include|$(INCDIR)|; s|/usr/lib$$|$(LIBDIR)|; s|@VERSION@|$(VERSION)|'

install: all
	install -D -m 755 $(B)/pctfs      $(DESTDIR)$(SBINDIR)/pctfs
	install -D -m 755 $(B)/pct-launch $(DESTDIR)$(SBINDIR)/pct-launch
	install -D -m 755 $(B)/pct-runc   $(DESTDIR)$(SBINDIR)/pct-runc
	install -D -m 755 $(B)/pct        $(DESTDIR)$(SBINDIR)/pct
	install -d $(DESTDIR)$(abspath $(LIBEXECDIR))
	install -m 755 $(benches) bench/limits $(DESTDIR)$(abspath $(LIBEXECDIR))/
	install -m 644 $(bench_libs) $(DESTDIR)$(abspath $(LIBEXECDIR))/
	install -D -m 755 tests/capture   $(DESTDIR)$(PCTDIR)/capture
	for m in $(manuals); do install -D -m 644 $$m $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/} || exit 1; done
	ln -sf pct-launch.8 $(DESTDIR)$(MANDIR)/man8/pct-runc.8
	install -D -m 644 packaging/completion/pct.bash $(DESTDIR)$(BASHDIR)/pct
	install -D -m 644 packaging/completion/_pct $(DESTDIR)$(ZSHDIR)/_pct
	install -D -m 644 $(B)/libcgview.so.1 $(DESTDIR)$(LIBDIR)/libcgview.so.1
	ln -sf libcgview.so.1 $(DESTDIR)$(LIBDIR)/libcgview.so
	install -D -m 644 $(B)/libcgview.a $(DESTDIR)$(LIBDIR)/libcgview.a
	install -d $(DESTDIR)$(INCDIR)/cgview $(DESTDIR)$(LIBDIR)/pkgconfig
	install -m 644 $(addprefix cgview/,$(library)) $(DESTDIR)$(INCDIR)/cgview/
	$(located) packaging/libcgview.pc >$(DESTDIR)$(LIBDIR)/pkgconfig/libcgview.pc
	install -D -m 644 packaging/sysusers.conf $(DESTDIR)$(SYSUSERSDIR)/pct.conf
	install -D -m 644 packaging/tmpfiles.conf $(DESTDIR)$(TMPFILESDIR)/pctfs.conf
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(LXCDIR)/common.conf.d $(DESTDIR)$(PCTDIR) $(DESTDIR)$(HOOKDIR)
	$(located) packaging/from-lxcfs >$(DESTDIR)$(PCTDIR)/from-lxcfs && chmod 755 $(DESTDIR)$(PCTDIR)/from-lxcfs
	for u in $(units); do $(located) packaging/$$u >$(DESTDIR)$(UNITDIR)/$$u || exit 1; done
	for c in $(lxcconfs); do $(located) packaging/lxc/$$c >$(DESTDIR)$(PCTDIR)/$$c && \
		install -d $(DESTDIR)$(PCTDIR)/$${c%.conf}.d && ln -sf ../$$c $(DESTDIR)$(PCTDIR)/$${c%.conf}.d/ || exit 1; done
	$(located) packaging/lxc/10-pctfs.conf >$(DESTDIR)$(LXCDIR)/common.conf.d/10-pctfs.conf
	for h in $(hooks); do sed 's|"/[^"]*/pct-launch"|"$(SBINDIR)/pct-launch"|' packaging/oci/hooks.d/$$h \
		>$(DESTDIR)$(HOOKDIR)/$$h || exit 1; done

uninstall:
	rm -f $(DESTDIR)$(PCTDIR)/capture
	rm -rf $(DESTDIR)$(abspath $(LIBEXECDIR))
	rm -rf $(addprefix $(DESTDIR)$(PCTDIR)/,$(lxcconfs:.conf=.d))
	rm -rf $(DESTDIR)$(INCDIR)/cgview
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libcgview.so.1 libcgview.so libcgview.a pkgconfig/libcgview.pc) \
		$(DESTDIR)$(SYSUSERSDIR)/pct.conf $(DESTDIR)$(TMPFILESDIR)/pctfs.conf $(DESTDIR)$(PCTDIR)/from-lxcfs $(DESTDIR)$(MANDIR)/man8/pct-runc.8
	rm -f $(addprefix $(DESTDIR)$(SBINDIR)/,pctfs pct-launch pct-runc pct) $(addprefix $(DESTDIR)$(UNITDIR)/,$(units)) \
		$(DESTDIR)$(LXCDIR)/common.conf.d/10-pctfs.conf $(addprefix $(DESTDIR)$(PCTDIR)/,$(lxcconfs)) \
		$(addprefix $(DESTDIR)$(HOOKDIR)/,$(hooks)) $(foreach m,$(notdir $(manuals)),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(m)) \
		$(DESTDIR)$(BASHDIR)/pct $(DESTDIR)$(ZSHDIR)/_pct

dist:
	$(Q)packaging/dist $(VERSION) $(B)

deb:
	$(Q)packaging/debian/build $(VERSION) $(B)/deb

check-packages: deps
	$(Q)$(MAKE) --no-print-directory deb $(B)/poll
	$(Q)lintian --info --fail-on error,warning $(B)/deb/*.changes
	$(Q)B=$(B) VM_INSTALL=1 tests/run tests/vm/check.sh

clean:
	rm -rf build/obj build/*.a build/*.so.1 build/pic build/deb $(patsubst %,build/%,pctfs pct-launch pct-runc pct pct-die check-* bench-* fuzz-*) build-*

.PHONY: all static deps check system check-deaths check-tsan check-vm check-vm-full truth unit tests fuzzers golden fuzz demo picture bench bench-pictures bench-promises bench-scale bench-read lint install uninstall dist deb check-packages clean
.SECONDARY:
-include $(shell find $(B)/obj $(B)/pic $(B)/fuzz $(B)/die -name '*.d' 2>/dev/null)
