/* ss7peer - an SS7 signalling point (MTP2+MTP3+ISUP) made of libss7 2.0.0 over
 * a packet socket, driven by commands on stdin, events on stdout. See ../README.md. */
#define _GNU_SOURCE
#include <libss7.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "chan.h"

#define MAXL 4
#define MAXC 64
static struct link { struct chan ch; int a, b; int slc; double nextw, nextrep; unsigned char rep[8]; int replen; } L[MAXL];
static int nl;
static struct ss7 *ss7;
static unsigned int mypc = 1, dpc = 2;
static int auto_answer = -1, auto_hangup = -1, up;
static char *autocall; static double callat; static int callwait;
static struct { struct isup_call *c; int cic; } calls[MAXC];
static struct job { double at; int kind; struct isup_call *c; } jobs[MAXC];

/* libss7 2.0 has no function that sends CCR or COT, nor one for the continuity check indicator of its IAM (libss7.h
 * says so of CCR). What it sends instead, an LPA or a plain IAM of the circuit, is changed here on its way out. */
enum { M_IAM = 0x01, M_COT = 0x05, M_CCR = 0x11, M_LPA = 0x24 };	/* Q.763 table 4 */
static struct change { int from, to, cic, passed; } changes[MAXC];	/* to 0: nothing to change */
static int label = 4;							/* octets of the routing label */
static int change_later(int from, int to, int cic, int passed)
{
	for (int i = 0; i < MAXC; i++) if (!changes[i].to) { changes[i] = (struct change){ from, to, cic, passed }; return 0; }
	return -1;
}
/* One signal unit of n octets from the BSN on, with room for one more; how many it has now. */
static int changed(unsigned char *b, int n)
{
	unsigned char *m = b + 4 + label;				/* BSN FIB, FSN BIB, LI, SIO, label: then the CIC */
	if (n < 4 + label + 3 || (b[2] & 0x3f) < 3 || (b[3] & 0x0f) != 5) return n;
	for (int i = 0; i < MAXC; i++) {
		struct change *c = &changes[i];
		if (!c->to || m[2] != c->from || (m[0] | (m[1] & 0x3f) << 8) != c->cic) continue;
		m[2] = c->to;
		if (c->to == M_IAM) m[3] = (m[3] & ~0x0c) | 0x04;	/* nature of connection: check on this circuit */
		if (c->to == M_COT) { b[n++] = c->passed; if ((b[2] & 0x3f) < 0x3f) b[2]++; }
		c->to = 0;
		break;
	}
	return n;
}
static void msg(struct ss7 *s, char *m) { fprintf(stderr, "%s", m); }
static int find(struct isup_call *c) { for (int i = 0; i < MAXC; i++) if (calls[i].c == c) return i; return -1; }
static int add(struct isup_call *c, int cic)
{
	int i = find(c);
	if (i < 0) for (i = 0; i < MAXC && calls[i].c; i++) ;
	if (i < MAXC) { calls[i].c = c; calls[i].cic = cic; }
	return i;
}
static void drop(struct isup_call *c) { int i = find(c); if (i >= 0) calls[i].c = NULL; for (int j = 0; j < MAXC; j++) if (jobs[j].c == c) jobs[j].kind = 0; }
static void cb_notinservice(struct ss7 *s, int cic, unsigned int pc) { printf("CB notinservice cic=%d pc=%u\n", cic, pc); fflush(stdout); }
static int cb_hangup(struct ss7 *s, int cic, unsigned int pc, int cause, int what)
{
	printf("CB hangup cic=%d pc=%u cause=%d do=%d\n", cic, pc, cause, what); fflush(stdout);
	return SS7_CIC_IDLE;
}
static void cb_null(struct ss7 *s, struct isup_call *c, int lock) { printf("CB call_null call=%d\n", find(c)); drop(c); fflush(stdout); }
static void later(int ms, int kind, struct isup_call *c)
{
	for (int j = 0; j < MAXC; j++) if (!jobs[j].kind) { jobs[j] = (struct job){ chan_now() + ms / 1000.0, kind, c }; return; }
}
static int docall(const char *called, const char *calling, int cic)
{
	struct isup_call *c = isup_new_call(ss7, cic, dpc, 1);
	if (!c) { printf("ERR no call\n"); return -1; }
	isup_set_called(c, called, SS7_NAI_NATIONAL, ss7);
	if (calling && strcmp(calling, "-"))
		isup_set_calling(c, calling, SS7_NAI_NATIONAL, SS7_PRESENTATION_ALLOWED, SS7_SCREENING_NETWORK_PROVIDED);
	isup_set_tmr(c, SS7_TMR_SPEECH);
	isup_set_calling_party_category(c, 0x0a);
	int i = add(c, cic), r = isup_iam(ss7, c);
	printf("OK call=%d cic=%d rc=%d\n", i, cic, r);
	return r;
}
static void event(ss7_event *e)
{
	const char *n = ss7_event2str(e->e); int i;
	switch (e->e) {
	case SS7_EVENT_UP: up = 1; printf("EVENT %s\n", n);
		if (autocall && !callat) callat = chan_now() + callwait / 1000.0;
		break;
	case -12345:
		if (autocall) { char *q = strdup(autocall), *a = strtok(q, " "), *b = strtok(NULL, " "), *c = strtok(NULL, " ");
			docall(a, b, c ? atoi(c) : 1); free(q); autocall = NULL; }
		break;
	case SS7_EVENT_DOWN: up = 0; printf("EVENT %s\n", n); break;
	case ISUP_EVENT_IAM:
		i = add(e->iam.call, e->iam.cic);
		printf("EVENT %s call=%d cic=%d opc=%u called=%s nai=%d calling=%s cnai=%d pres=%d scr=%d cat=%d transcap=%d orig=%s redir=%s cot=%d\n", n, i,
			e->iam.cic, e->iam.opc, e->iam.called_party_num, e->iam.called_nai, e->iam.calling_party_num, e->iam.calling_nai,
			e->iam.presentation_ind, e->iam.screening_ind, e->iam.calling_party_cat, e->iam.transcap, e->iam.orig_called_num,
			e->iam.redirecting_num, e->iam.cot_check_required);
		if (auto_answer >= 0) { isup_acm(ss7, e->iam.call); later(auto_answer, 1, e->iam.call); }
		break;
	case ISUP_EVENT_SAM: printf("EVENT %s call=%d cic=%d called=%s\n", n, find(e->sam.call), e->sam.cic, e->sam.called_party_num); break;
	case ISUP_EVENT_ACM: printf("EVENT %s call=%d cic=%d status=%d\n", n, find(e->acm.call), e->acm.cic, e->acm.called_party_status_ind); break;
	case ISUP_EVENT_CPG: printf("EVENT %s call=%d cic=%d event=%d\n", n, find(e->cpg.call), e->cpg.cic, e->cpg.event); break;
	case ISUP_EVENT_ANM: printf("EVENT %s call=%d cic=%d connected=%s\n", n, find(e->anm.call), e->anm.cic, e->anm.connected_num);
		if (auto_hangup >= 0) later(auto_hangup, 2, e->anm.call);
		break;
	case ISUP_EVENT_CON: printf("EVENT %s call=%d cic=%d\n", n, find(e->con.call), e->con.cic);
		if (auto_hangup >= 0) later(auto_hangup, 2, e->con.call);
		break;
	case ISUP_EVENT_REL:
		printf("EVENT %s call=%d cic=%d cause=%d\n", n, find(e->rel.call), e->rel.cic, e->rel.cause);
		isup_rlc(ss7, e->rel.call); drop(e->rel.call); isup_free_call_if_clear(ss7, e->rel.call);
		break;
	case ISUP_EVENT_RLC: printf("EVENT %s call=%d cic=%d\n", n, find(e->rlc.call), e->rlc.cic);
		drop(e->rlc.call); isup_free_call_if_clear(ss7, e->rlc.call); break;
	case ISUP_EVENT_RSC: printf("EVENT %s cic=%d\n", n, e->rsc.cic); drop(e->rsc.call);
		isup_rlc(ss7, e->rsc.call); isup_free_call_if_clear(ss7, e->rsc.call); break;
	case ISUP_EVENT_GRS: { unsigned char st[255] = {0}; printf("EVENT %s cic=%d-%d\n", n, e->grs.startcic, e->grs.endcic);
		isup_gra(ss7, e->grs.call, e->grs.endcic, st); isup_free_call_if_clear(ss7, e->grs.call); } break;
	case ISUP_EVENT_CGB: printf("EVENT %s cic=%d-%d type=%d\n", n, e->cgb.startcic, e->cgb.endcic, e->cgb.type);
		isup_cgba(ss7, e->cgb.call, e->cgb.endcic, e->cgb.status); isup_free_call_if_clear(ss7, e->cgb.call); break;
	case ISUP_EVENT_CGU: printf("EVENT %s cic=%d-%d type=%d\n", n, e->cgu.startcic, e->cgu.endcic, e->cgu.type);
		isup_cgua(ss7, e->cgu.call, e->cgu.endcic, e->cgu.status); isup_free_call_if_clear(ss7, e->cgu.call); break;
	case ISUP_EVENT_GRA: case ISUP_EVENT_CGBA: case ISUP_EVENT_CGUA:
		printf("EVENT %s cic=%d-%d\n", n, e->gra.startcic, e->gra.endcic); isup_free_call_if_clear(ss7, e->gra.call); break;
	case ISUP_EVENT_BLO: printf("EVENT %s cic=%d\n", n, e->blo.cic); isup_bla(ss7, e->blo.call); isup_free_call_if_clear(ss7, e->blo.call); break;
	case ISUP_EVENT_UBL: printf("EVENT %s cic=%d\n", n, e->ubl.cic); isup_uba(ss7, e->ubl.call); isup_free_call_if_clear(ss7, e->ubl.call); break;
	case ISUP_EVENT_BLA: case ISUP_EVENT_UBA: printf("EVENT %s cic=%d\n", n, e->bla.cic); isup_free_call_if_clear(ss7, e->bla.call); break;
	case ISUP_EVENT_LPA: printf("EVENT %s cic=%d\n", n, e->lpa.cic); break;
	case ISUP_EVENT_CCR: printf("EVENT %s cic=%d\n", n, e->ccr.cic); isup_lpa(ss7, e->ccr.cic, e->ccr.opc); break;
	case ISUP_EVENT_COT: printf("EVENT %s cic=%d passed=%d\n", n, e->cot.cic, e->cot.passed); break;
	case ISUP_EVENT_SUS: case ISUP_EVENT_RES: printf("EVENT %s cic=%d ind=%d\n", n, e->sus.cic, e->sus.network_isdn_indicator); break;
	case ISUP_EVENT_UCIC: printf("EVENT %s cic=%d\n", n, e->ucic.cic); break;
	default: printf("EVENT %s (%d)\n", n, e->e);
	}
	fflush(stdout);
}
static void prt(int fd, const char *f, ...) { va_list a; va_start(a, f); vprintf(f, a); va_end(a); }
static void command(char *l)
{
	char *a[8] = {0}; int n = 0;
	for (char *t = strtok(l, " \t\r\n"); t && n < 8; t = strtok(NULL, " \t\r\n")) a[n++] = t;
	if (!n) return;
	int i = n > 1 ? atoi(a[1]) : 0, r = -2; unsigned char st[255]; memset(st, 1, sizeof(st));
	struct isup_call *c = (i >= 0 && i < MAXC) ? calls[i].c : NULL;
	if (!strcmp(a[0], "call")) { docall(n > 1 ? a[1] : "", n > 2 ? a[2] : NULL, n > 3 ? atoi(a[3]) : 1); return; }
	else if (!strcmp(a[0], "cotcall")) { int cic = n > 3 ? atoi(a[3]) : 1; change_later(M_IAM, M_IAM, cic, 0); docall(n > 1 ? a[1] : "", n > 2 ? a[2] : NULL, cic); return; }
	else if (!strcmp(a[0], "ccr")) r = change_later(M_LPA, M_CCR, i, 0) ? -1 : isup_lpa(ss7, i, dpc);
	else if (!strcmp(a[0], "cot")) r = change_later(M_LPA, M_COT, i, n > 2 ? atoi(a[2]) & 1 : 1) ? -1 : isup_lpa(ss7, i, dpc);
	else if (!strcmp(a[0], "acm") && c) r = isup_acm(ss7, c);
	else if (!strcmp(a[0], "cpg") && c) r = isup_cpg(ss7, c, n > 2 ? atoi(a[2]) : CPG_EVENT_ALERTING);
	else if (!strcmp(a[0], "anm") && c) r = isup_anm(ss7, c);
	else if (!strcmp(a[0], "con") && c) r = isup_con(ss7, c);
	else if (!strcmp(a[0], "rel") && c) r = isup_rel(ss7, c, n > 2 ? atoi(a[2]) : 16);
	else if (!strcmp(a[0], "sus") && c) r = isup_sus(ss7, c, n > 2 ? atoi(a[2]) : 1);
	else if (!strcmp(a[0], "res") && c) r = isup_res(ss7, c, n > 2 ? atoi(a[2]) : 1);
	else if (!strcmp(a[0], "rsc")) r = isup_rsc(ss7, isup_new_call(ss7, i, dpc, 0));
	else if (!strcmp(a[0], "blo")) r = isup_blo(ss7, isup_new_call(ss7, i, dpc, 0));
	else if (!strcmp(a[0], "ubl")) r = isup_ubl(ss7, isup_new_call(ss7, i, dpc, 0));
	else if (!strcmp(a[0], "grs") && n > 2) r = isup_grs(ss7, isup_new_call(ss7, i, dpc, 0), atoi(a[2]));
	else if (!strcmp(a[0], "cgb") && n > 2) r = isup_cgb(ss7, isup_new_call(ss7, i, dpc, 0), atoi(a[2]), st, n > 3 ? atoi(a[3]) : 0);
	else if (!strcmp(a[0], "cgu") && n > 2) r = isup_cgu(ss7, isup_new_call(ss7, i, dpc, 0), atoi(a[2]), st, n > 3 ? atoi(a[3]) : 0);
	else if (!strcmp(a[0], "net")) { const char *s = mtp3_net_mng(ss7, i, n > 2 ? a[2] : "", n > 3 ? atoi(a[3]) : 0); printf("OK %s\n", s ? s : ""); fflush(stdout); return; }
	else if (!strcmp(a[0], "show")) { ss7_show_linkset(ss7, prt, 1); isup_show_calls(ss7, prt, 1); fflush(stdout); return; }
	else if (!strcmp(a[0], "quit")) exit(0);
	if (r == -2) printf("ERR unknown command or no such call\n"); else printf("OK %d\n", r);
	fflush(stdout);
}
int main(int argc, char **argv)
{
	int type = SS7_ITU, ni = SS7_NI_NAT, debug = 0, mode = SS7_TRANSPORT_DAHDIMTP2, pace = 20, rep = 0;
	enum fcs_mode fcs = FCS_NONE; FILE *log = NULL; double until = 0; const char *spec[MAXL]; int dead = 0, in = 0, slc0 = 0, nt = 0; char *timers[16];
	for (int i = 1; i < argc; i++) {
		char *o = argv[i], *v = i + 1 < argc ? argv[++i] : "";
		if (!strcmp(o, "-c")) { if (nl < MAXL) spec[nl++] = v; }
		else if (!strcmp(o, "-p")) mypc = strtoul(v, 0, 0);
		else if (!strcmp(o, "-P")) dpc = strtoul(v, 0, 0);
		else if (!strcmp(o, "-n")) ni = atoi(v);
		else if (!strcmp(o, "-s")) type = !strcmp(v, "ansi") ? SS7_ANSI : SS7_ITU;
		else if (!strcmp(o, "-m")) mode = !strcmp(v, "dchan") ? SS7_TRANSPORT_DAHDIDCHAN : !strcmp(v, "tcp") ? SS7_TRANSPORT_TCP : SS7_TRANSPORT_DAHDIMTP2;
		else if (!strcmp(o, "-W")) callwait = atoi(v);
		else if (!strcmp(o, "-S")) slc0 = atoi(v);
		else if (!strcmp(o, "-T")) { if (nt < 16) timers[nt++] = v; }
		else if (!strcmp(o, "-w")) pace = atoi(v);
		else if (!strcmp(o, "-k")) rep = atoi(v);
		else if (!strcmp(o, "-f")) fcs = chan_fcs(v);
		else if (!strcmp(o, "-l")) log = fopen(v, "w");
		else if (!strcmp(o, "-a")) auto_answer = atoi(v);
		else if (!strcmp(o, "-h")) auto_hangup = atoi(v);
		else if (!strcmp(o, "-C")) autocall = v;
		else if (!strcmp(o, "-t")) until = atof(v);
		else if (!strcmp(o, "-d")) debug = strtol(v, 0, 0);
		else { fprintf(stderr, "bad option %s, see README.md\n", o); return 2; }
	}
	if (!nl) return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	ss7_set_message(msg); ss7_set_error(msg); ss7_set_notinservice(cb_notinservice); ss7_set_hangup(cb_hangup); ss7_set_call_null(cb_null);
	label = type == SS7_ANSI ? 7 : 4;
	ss7 = ss7_new(type); ss7_set_pc(ss7, mypc); ss7_set_network_ind(ss7, ni); ss7_set_debug(ss7, debug);
	for (int i = 0; i < nt; i++) { char n[32]; int ms; if (sscanf(timers[i], "%31[^=]=%d", n, &ms) == 2 && !ss7_set_mtp3_timer(ss7, n, ms)) ss7_set_isup_timer(ss7, n, ms); }
	for (int i = 0; i < nl; i++) {
		int sv[2]; L[i].ch.fcs = fcs; L[i].ch.log = log; L[i].ch.name = strdup((char[]){ 'p', '0' + mypc % 10, 'l', '0' + i, 0 });
		if (chan_open(&L[i].ch, spec[i]) < 0) return 1;
		/* libss7 read(2)s and write(2)s the descriptor itself: give it one end of
		 * a socketpair and move frames between the other end and the channel */
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sv)) { perror("socketpair"); return 1; }
		L[i].a = sv[0]; L[i].b = sv[1]; L[i].slc = i;
		if (ss7_add_link(ss7, mode, L[i].a, (slc0 + i) & 15, dpc)) { fprintf(stderr, "ss7_add_link transport %d: refused by libss7\n", mode); return 1; }
	}
	printf("READY libss7 %s pc=%u dpc=%u links=%d\n", ss7_get_version(), mypc, dpc, nl); fflush(stdout);
	ss7_start(ss7);
	double start = chan_now(); char line[512]; int ll = 0;
	while (!dead && (!until || chan_now() - start < until)) {
		struct timeval *nx = ss7_schedule_next(ss7), now; int ms = pace < 10 ? pace : 10;
		if (nx) { gettimeofday(&now, NULL); long d = (nx->tv_sec - now.tv_sec) * 1000 + (nx->tv_usec - now.tv_usec) / 1000; if (d < ms) ms = d < 0 ? 0 : d; }
		struct pollfd pf[MAXL + 1]; int k = 0;
		for (int i = 0; i < nl; i++) { pf[k].fd = L[i].ch.fd; pf[k++].events = POLLIN; }
		pf[k].fd = in; pf[k].events = POLLIN; pf[k].revents = 0;
		poll(pf, k + 1, ms);
		ss7_schedule_run(ss7);
		for (int i = 0; i < nl; i++) {
			unsigned char b[1200]; int n;
			while ((n = chan_recv(&L[i].ch, b, sizeof(b) - 2)) > 0) {
				b[n] = b[n + 1] = 0;			/* libss7 drops the last 2 octets (FCS) */
				if (write(L[i].b, b, n + 2) != n + 2) perror("bridge");
				ss7_read(ss7, L[i].a);
			}
			if (n < 0) { printf("EVENT CHANNEL_CLOSED link=%d\n", i); dead = 1; }
			double t = chan_now(); int fl;
			/* dchan: libss7 always wants to write (it fills the line itself): pace it.
			 * mtp2: it wants to write only when there is something new */
			for (int burst = 0; burst < 16; burst++) {
				fl = ss7_pollflags(ss7, L[i].a);
				if (!(fl & POLLOUT)) break;
				if (mode == SS7_TRANSPORT_DAHDIDCHAN && t < L[i].nextw) break;
				L[i].nextw = t + pace / 1000.0;
				ss7_write(ss7, L[i].a);
				while ((n = recv(L[i].b, b, sizeof(b) - 1, 0)) > 2) {
					n = changed(b, n - 2) + 2;
					if (n - 2 <= 5) { memcpy(L[i].rep, b, n - 2); L[i].replen = n - 2; L[i].nextrep = t + rep / 1000.0; }
					chan_send(&L[i].ch, b, n - 2);
				}
			}
			if (rep && mode != SS7_TRANSPORT_DAHDIDCHAN && L[i].replen && t >= L[i].nextrep) {	/* what MTP2 hardware does */
				L[i].nextrep = t + rep / 1000.0; chan_send(&L[i].ch, L[i].rep, L[i].replen);
			}
		}
		ss7_event *e;
		while ((e = ss7_check_event(ss7))) event(e);
		if (pf[k].revents) {
			char b[256]; int n = read(0, b, sizeof(b));
			if (n <= 0) in = -1;
			for (int j = 0; j < n; j++) { if (b[j] == '\n') { line[ll] = 0; command(line); ll = 0; } else if (ll < 500) line[ll++] = b[j]; }
		}
		if (autocall && callat && chan_now() >= callat) { ss7_event x; memset(&x, 0, sizeof(x)); x.e = -12345; event(&x); }
		for (int j = 0; j < MAXC; j++) if (jobs[j].kind && chan_now() >= jobs[j].at) {
			struct job b = jobs[j]; jobs[j].kind = 0;
			if (b.kind == 1) isup_anm(ss7, b.c);
			if (b.kind == 2) isup_rel(ss7, b.c, 16);
		}
	}
	for (int i = 0; i < nl; i++) printf("END link=%d tx=%lu rx=%lu badfcs=%lu\n", i, L[i].ch.tx, L[i].ch.rx, L[i].ch.badfcs);
	return 0;
}
