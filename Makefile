# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   make            build everything into build/
#   make deps       install the Debian packages that are missing (packaging/debian-deps)
#   make demo       a container beside its host: free, nproc, uptime, top (root)
#   make check      every test: unit, golden, system (root), lint; last line is the count
#   make unit       only the tests that need neither root nor FUSE
#   make check-tsan the daemon under ThreadSanitizer, RACES_S=30 seconds long (root)
#   make check-vm   only the system tests on a cgroup v2 host (QEMU); check-vm-full: all of those
#   make truth      what some hundred tools say in a container, beside what is true (root);
#                   TRUTH_VM=1: on a cgroup v2 host (QEMU); and in a root like Alpine's
#   make golden     write tests/golden anew, then look at `git diff tests/golden`
#   make bench      time one render of every file, what is typed often, what a container's start and
#                   sysinfo(2) cost, and repair of 200 containers (root)
#   make bench-scale  what 2000 containers cost, and a noisy one (root)
#   make bench-read what reading costs in a container: pctfs, the kernel and lxcfs, in turns (root);
#                   4 minutes, QUICK=1: 40 seconds
#   make bench-storage  create, clone, snapshot, backup and the like beside LXD and LXC on one file
#                   system, in turns (root); bench/peers fetches LXD. 10 minutes, ROUNDS=2: 4
#   make fuzz       the parsers under libFuzzer, FUZZ_S=5 seconds each (clang)
#   make lint       layering, formatting, cppcheck, shellcheck
#   make static     pct-launch and pct-runc without libraries, for OCI engines anywhere
#   make install    PREFIX, DESTDIR; also `uninstall`
#   make deb        Debian packages of it, into build/deb
#
#   SAN=address,undefined   any target, in a build folder of its own
#   CC=clang B=build-clang  another compiler beside the first
#   WERROR=1                as in CI      V=1   show the commands

PREFIX  ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
UNITDIR ?= $(PREFIX)/lib/systemd/system
PCTDIR  ?= $(PREFIX)/share/pct
MANDIR  ?= $(PREFIX)/share/man
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR  ?= $(PREFIX)/share/zsh/vendor-completions
# LXC's own, wherever ours is: it looks nowhere else.
LXCDIR  ?= /usr/share/lxc/config
HOOKDIR ?= $(PREFIX)/share/pct/hooks.d
CFLAGS  ?= -O2 -g
FUZZ_S  ?= 5

comma := ,
B := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
Q := $(if $(V),,@)

override CPPFLAGS += -I. -D_GNU_SOURCE -MMD -MP $(if $(SAN),-DPCT_SAN)
override CFLAGS   += -std=gnu17 -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes \
		     -Wstrict-prototypes $(if $(WERROR),-Werror) \
		     $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
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
manuals = $(B)/man/pct.1 $(B)/man/pct.conf.5
sources = $(wildcard $(patsubst %,%/*.[ch],base cgview procfs launcher launcher/static $(pct_dirs) tests tests/fuzz tests/truth bench))
scripts = packaging/debian/build packaging/completion/pct.bash $(wildcard packaging/debian/pctfs.* packaging/debian/pct.*) packaging/kubernetes/install $(wildcard tests/run tests/capture tests/lint-steps docs/demo bench/bench-pct bench/bench-life bench/bench-container bench/bench-repair bench/bench-scale bench/bench-reads bench/bench-storage bench/peer-lib bench/peers .ci/run tests/e2e/*.sh tests/e2e/*-lib) \
	  $(filter-out %/packages %.service,$(wildcard tests/vm/*)) $(wildcard tests/truth/build tests/truth/build-musl tests/truth/vm)

all: $(B)/pctfs $(B)/pct-launch $(B)/pct-runc $(B)/pct $(B)/libcgview.a $(manuals)

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
$(B)/pctfs $(B)/bench-render: LDLIBS += $(FUSE_LIBS) -ljson-c -lcgroup -lsystemd -lcap -lseccomp -lpthread
$(B)/pct-launch $(B)/pct-runc: LDLIBS += -ljson-c -lseccomp
$(B)/pct $(B)/pct-die: LDLIBS += $(NL_LIBS) -ljson-c -lcgroup -lnettle
$(tests):        LDLIBS += $(FUSE_LIBS) $(LXC_LIBS) $(NL_LIBS) -larchive -lnettle -ljson-c -lcgroup -lsystemd -lcap -lseccomp -lcheck -lsubunit -lrt -lm -lpthread

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

# Of the tables in pct itself: nothing is listed twice.
$(manuals): $(B)/pct
	@mkdir -p $(@D)
	$(if $(V),,@echo "  MAN   $@")
	$(Q)$< manual $(basename $(@F)) >$@.new && mv $@.new $@

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
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(FUSE_LIBS) -ljson-c -lcgroup -lsystemd -lcap -lseccomp -lpthread

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
$(B)/work $(B)/reader $(B)/tear $(B)/mounter $(B)/sysinfo $(B)/probe $(B)/maker: $(B)/%: tests/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) -I. -D_GNU_SOURCE -O2 -std=gnu17 -Wall -Wextra -static -o $@ $<

# For tests/e2e/hostile-attach.sh: the hostile ones, and who looks what they bring about.
$(B)/swapper: tests/swapper.c
$(B)/hostile $(B)/hinder: $(B)/%: tests/%.c tests/attempt.c tests/attempt.h
$(B)/swapper $(B)/hostile $(B)/hinder:
	@mkdir -p $(@D)
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) -I. -D_GNU_SOURCE -O2 -std=gnu17 -Wall -Wextra -static -o $@ $(filter %.c,$^)

$(B)/bench-sysinfo $(B)/bench-run: $(B)/%: bench/%.c
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
		$(FUSE_LIBS) $(LXC_LIBS) $(NL_LIBS) -larchive -ljson-c -lcgroup -lnettle -lsystemd -lseccomp

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
	$(Q)B=$(B) $(jobs) $(if $(SAN),,PCTFS=$(B)-thread/pctfs) tests/run $(tests) $(wildcard tests/e2e/*-*.sh) tests/vm/check.sh

check-tsan: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(MAKE) --no-print-directory $(races)
	$(Q)B=$(B) PCTFS=$(B)-thread/pctfs RACES_S=$(or $(RACES_S),30) tests/run tests/e2e/daemon-races.sh

# Of every kind of end a worker can have, as many as are wanted to believe it.
check-deaths: deps
	$(Q)$(MAKE) --no-print-directory all tests
	$(Q)B=$(B) DEATHS=100 KILLS=1000 TAKEOVERS=100 KEEPER_DEATHS=100 READS=100000 TEST_TIMEOUT=2400 \
		tests/run tests/e2e/worker-dies.sh tests/e2e/keeper-dies.sh tests/e2e/no-tears.sh

for_vm = $(B)/work $(B)/reader $(B)/tear $(B)/mounter $(B)/sysinfo $(B)/probe $(B)/maker $(B)/die/pctfs deb

check-vm: deps
	$(Q)$(MAKE) --no-print-directory all $(for_vm)
	$(Q)B=$(B) tests/run tests/vm/check.sh

check-vm-full: deps
	$(Q)$(MAKE) --no-print-directory all $(for_vm)
	$(Q)B=$(B) VM_FULL=1 TEST_TIMEOUT=4200 tests/run tests/vm/check.sh

truth: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)B=$(B) tests/truth/$(if $(TRUTH_VM),vm,run)
	$(if $(TRUTH_VM),,$(Q)B=$(B) tests/truth/run --musl)

# So many at a time: most of them wait, or have one processor's work.
jobs = TESTS_JOBS=$(or $(TESTS_JOBS),2)
unit: $(tests) $(B)/pctfs
	$(Q)$(jobs) tests/run $(tests)

tests: $(tests) $(B)/work $(B)/reader $(B)/tear $(B)/mounter $(B)/sysinfo $(B)/probe $(B)/maker $(B)/die/pctfs $(B)/pct-die $(B)/pause/pct-launch $(B)/swapper $(B)/hostile $(B)/hinder $(if $(SAN),,static)
fuzzers: $(fuzzers)

golden: $(B)/check-golden $(B)/check-pct-lxcconf $(B)/check-pct-confs $(B)/check-pct-guest
	$(Q)for t in $^; do GOLDEN=write $$t || exit 1; done

fuzz: $(fuzzers)
	$(Q)for f in $^; do echo "  FUZZ  $$f"; \
		$$f -max_total_time=$(FUZZ_S) -verbosity=0 -artifact_prefix=$(B)/ $(FUZZ_ARGS) || exit 1; done

demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)B=$(B) docs/demo

bench: $(B)/bench-render $(B)/bench-sysinfo $(B)/bench-run all
	$(Q)$<
	$(Q)B=$(B) bench/bench-pct
	$(Q)B=$(B) bench/bench-life
	$(Q)B=$(B) bench/bench-container
	$(Q)B=$(B) bench/bench-repair

bench-scale: $(B)/bench-read all
	$(Q)B=$(B) bench/bench-scale

bench-read: $(B)/bench-read all
	$(Q)B=$(B) bench/bench-reads

bench-storage: all
	$(Q)B=$(B) bench/bench-storage

# One grep a rule of HACKING.md: includes point to the right only; every file says its licence.
lint:
	$(Q)! grep -rnE '#include [<"](fuse|lxc/|procfs/|launcher/|pct/|base/say)' cgview
	$(Q)! grep -rnE '#include "(launcher|pct)/' procfs
	$(Q)! grep -rnE '#include "(procfs|pct|cgview)/' launcher
	$(Q)! grep -rnE '#include "(procfs|launcher)/' pct
	$(Q)! grep -rnE '#include "(cgview|procfs|launcher|pct)/' base
	$(Q)! grep -rnE '#include "cgview/' procfs pct | grep -vE 'cgview/(cgview|span)\.h'
	$(Q)tests/lint-steps
	$(Q)bare=$$(grep -L 'SPDX-License-Identifier: LGPL-2.1-or-later' $(sources)); \
		[ -z "$$bare" ] || { echo "no licence line in $$bare"; exit 1; }
	$(Q)clang-format --dry-run -Werror $(sources)
	$(Q)cppcheck -q --std=c11 --error-exitcode=1 --inline-suppr -I. -D_GNU_SOURCE \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		--suppress=uninitvar --suppress=constStatement base cgview procfs launcher pct
	$(Q)shellcheck -S warning -x -P SCRIPTDIR $(scripts)

units = pctfs-keeper.service pctfs.service pct-autostart.service pct-autosnap.service pct-autosnap.timer
hooks = $(notdir $(wildcard packaging/oci/hooks.d/*.json))
lxcconfs = lxc-views.conf lxc-nesting.conf
located = sed 's|/usr/sbin/|$(SBINDIR)/|g; s|/usr/share/pct/|$(PCTDIR)/|'

install: all
	install -D -m 755 $(B)/pctfs      $(DESTDIR)$(SBINDIR)/pctfs
	install -D -m 755 $(B)/pct-launch $(DESTDIR)$(SBINDIR)/pct-launch
	install -D -m 755 $(B)/pct-runc   $(DESTDIR)$(SBINDIR)/pct-runc
	install -D -m 755 $(B)/pct        $(DESTDIR)$(SBINDIR)/pct
	install -D -m 644 $(B)/man/pct.1  $(DESTDIR)$(MANDIR)/man1/pct.1
	install -D -m 644 $(B)/man/pct.conf.5 $(DESTDIR)$(MANDIR)/man5/pct.conf.5
	install -D -m 644 packaging/completion/pct.bash $(DESTDIR)$(BASHDIR)/pct
	install -D -m 644 packaging/completion/_pct $(DESTDIR)$(ZSHDIR)/_pct
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(LXCDIR)/common.conf.d $(DESTDIR)$(PCTDIR) $(DESTDIR)$(HOOKDIR)
	for u in $(units); do $(located) packaging/$$u >$(DESTDIR)$(UNITDIR)/$$u || exit 1; done
	for c in $(lxcconfs); do $(located) packaging/lxc/$$c >$(DESTDIR)$(PCTDIR)/$$c && \
		install -d $(DESTDIR)$(PCTDIR)/$${c%.conf}.d && ln -sf ../$$c $(DESTDIR)$(PCTDIR)/$${c%.conf}.d/ || exit 1; done
	$(located) packaging/lxc/10-pctfs.conf >$(DESTDIR)$(LXCDIR)/common.conf.d/10-pctfs.conf
	for h in $(hooks); do sed 's|"/[^"]*/pct-launch"|"$(SBINDIR)/pct-launch"|' packaging/oci/hooks.d/$$h \
		>$(DESTDIR)$(HOOKDIR)/$$h || exit 1; done

uninstall:
	rm -rf $(addprefix $(DESTDIR)$(PCTDIR)/,$(lxcconfs:.conf=.d))
	rm -f $(addprefix $(DESTDIR)$(SBINDIR)/,pctfs pct-launch pct-runc pct) $(addprefix $(DESTDIR)$(UNITDIR)/,$(units)) \
		$(DESTDIR)$(LXCDIR)/common.conf.d/10-pctfs.conf $(addprefix $(DESTDIR)$(PCTDIR)/,$(lxcconfs)) \
		$(addprefix $(DESTDIR)$(HOOKDIR)/,$(hooks)) $(DESTDIR)$(MANDIR)/man1/pct.1 $(DESTDIR)$(MANDIR)/man5/pct.conf.5 \
		$(DESTDIR)$(BASHDIR)/pct $(DESTDIR)$(ZSHDIR)/_pct

deb: all
	$(Q)MAKE='$(MAKE)' packaging/debian/build $(B)/deb

clean:
	rm -rf build/obj build/*.a $(patsubst %,build/%,pctfs pct-launch pct-runc pct pct-die check-* bench-* fuzz-*) build-*

.PHONY: all static deps check check-deaths check-tsan check-vm check-vm-full truth unit tests fuzzers golden fuzz demo bench bench-scale bench-read bench-storage lint install uninstall deb clean
.SECONDARY:
-include $(shell find $(B)/obj $(B)/fuzz $(B)/die -name '*.d' 2>/dev/null)
