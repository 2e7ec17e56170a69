/* Loaded before user-mode Linux 6.1, so that it runs on a processor with AMX.
 *
 * It sets the extended registers of its processes with room for those of AVX-512. A system on a processor with more
 * takes nothing less than all of them (EFAULT), and the first process would die. Here the rest is added, as it is.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { HEADER = 512, LEGACY_TO_PKRU = 0x3FF };  /* of XSAVE: where its header is; the features before AMX */

static long (*next)(enum __ptrace_request, ...);

long ptrace(enum __ptrace_request request, ...)
{
	static _Alignas(64) char all[65536];
	struct iovec whole = {all, sizeof all}, *given;
	uint64_t had, features;
	va_list arguments;
	pid_t process;
	void *address, *data;

	va_start(arguments, request);
	process = va_arg(arguments, pid_t);
	address = va_arg(arguments, void *);
	data = va_arg(arguments, void *);
	va_end(arguments);
	if (!next)
		next = (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT, "ptrace");
	if (request != PTRACE_SETREGSET || address != (void *)NT_X86_XSTATE)
		return next(request, process, address, data);
	if (next(PTRACE_GETREGSET, process, address, &whole) < 0)
		return -1;
	given = data;
	if (whole.iov_len <= given->iov_len)
		return next(request, process, address, data);
	memcpy(&had, all + HEADER, sizeof had);
	memcpy(all, given->iov_base, given->iov_len);
	memcpy(&features, all + HEADER, sizeof features);
	features = (features & LEGACY_TO_PKRU) | (had & ~(uint64_t)LEGACY_TO_PKRU);
	memcpy(all + HEADER, &features, sizeof features);
	return next(request, process, address, &whole);
}
