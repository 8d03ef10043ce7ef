# SPDX-License-Identifier: LGPL-2.1-or-later
#
#   make            build everything into build/
#   make deps       install the Debian packages that are missing (packaging/debian-deps)
#   make demo       a container beside its host: free, nproc, uptime, top (root)
#   make check      every test: unit, golden, system (root), lint; last line is the count
#   make unit       only the tests that need neither root nor FUSE
#   make golden     write tests/golden anew, then look at `git diff tests/golden`
#   make bench      time one render of every file
#   make fuzz       the parsers under libFuzzer, FUZZ_S=5 seconds each (clang)
#   make lint       layering, formatting, cppcheck, shellcheck
#   make install    PREFIX, DESTDIR; also `uninstall`
#
#   SAN=address,undefined   any target, in a build folder of its own
#   CC=clang B=build-clang  another compiler beside the first
#   WERROR=1                as in CI      V=1   show the commands

PREFIX  ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
CFLAGS  ?= -O2 -g
FUZZ_S  ?= 5

comma := ,
B := build$(if $(SAN),-$(subst $(comma),-,$(SAN)))
Q := $(if $(V),,@)

override CPPFLAGS += -I. -D_GNU_SOURCE -MMD -MP
override CFLAGS   += -std=gnu17 -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes \
		     -Wstrict-prototypes $(if $(WERROR),-Werror) \
		     $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
override LDFLAGS  += $(if $(SAN),-fsanitize=$(SAN))

# Asked once, and not before a recipe needs it: `make deps` must run without the libraries.
pkg = $(eval $(1) := $$(shell pkg-config $(2)))$($(1))
FUSE_CFLAGS = $(call pkg,FUSE_CFLAGS,--cflags fuse3)
FUSE_LIBS   = $(call pkg,FUSE_LIBS,--libs fuse3)
LXC_LIBS    = $(call pkg,LXC_LIBS,--libs lxc)

objects = $(patsubst %.c,$(B)/obj/%.o,$(wildcard $(1)/*.c))
tests   = $(patsubst tests/%.c,$(B)/%,$(wildcard tests/check-*.c))
fuzzers = $(patsubst tests/fuzz/%.c,$(B)/%,$(wildcard tests/fuzz/fuzz-*.c))

all: $(B)/pctfs $(B)/pct-launch $(B)/pct $(B)/libcgview.a

# Who may use what. A program sees the archives on its line, and only those.
$(B)/libcgview.a: $(call objects,cgview)
$(B)/libprocfs.a: $(filter-out $(B)/obj/procfs/main.o,$(call objects,procfs))
$(B)/libpct.a:    $(filter-out $(B)/obj/pct/main.o,$(call objects,pct))
$(B)/pctfs:       $(B)/obj/procfs/main.o $(B)/libprocfs.a $(B)/libcgview.a $(B)/obj/base/say.o
$(B)/pct-launch:  $(call objects,launcher) $(B)/obj/base/say.o
$(B)/pct:         $(B)/obj/pct/main.o $(B)/libpct.a $(B)/libcgview.a $(B)/obj/base/say.o
$(tests):         $(B)/libprocfs.a $(B)/libpct.a $(B)/libcgview.a $(B)/obj/base/say.o
$(B)/bench-render: $(B)/libprocfs.a $(B)/libcgview.a $(B)/obj/base/say.o

$(B)/obj/procfs/%.o: override CPPFLAGS += -DFUSE_USE_VERSION=314 $(FUSE_CFLAGS)
$(B)/pctfs $(B)/bench-render: LDLIBS += $(FUSE_LIBS) -ljson-c -lcgroup -lsystemd -lpthread
$(B)/pct-launch: LDLIBS += -ljson-c
$(B)/pct:        LDLIBS += $(LXC_LIBS) -larchive -ljson-c -lcgroup
$(tests):        LDLIBS += $(FUSE_LIBS) $(LXC_LIBS) -larchive -ljson-c -lcgroup -lsystemd -lcheck -lsubunit -lrt -lm -lpthread

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC    $<")
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/%.a:
	$(if $(V),,@echo "  AR    $@")
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(B)/pctfs $(B)/pct-launch $(B)/pct:
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/check-%: $(B)/obj/tests/check-%.o
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

$(B)/bench-%: $(B)/obj/bench/bench-%.o
	$(if $(V),,@echo "  LD    $@")
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDLIBS)

# Missing packages only; silent and instant when all is there.
deps:
	@missing=; for p in $$(sed 's/[ \t]*#.*//' packaging/debian-deps); do \
		[ -n "$$have" ] || have=$$(dpkg-query -W -f '|$${db:Status-Status} $${Package}|\n' 2>/dev/null); \
		case "$$have" in *"|installed $$p|"*) ;; *) missing="$$missing $$p" ;; esac; done; \
	if [ -n "$$missing" ]; then echo "  DEPS $$missing"; \
		apt-get update -q && DEBIAN_FRONTEND=noninteractive \
		apt-get install -yq --no-install-recommends $$missing; fi

.PHONY: all deps
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
