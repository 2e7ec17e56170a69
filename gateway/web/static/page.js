// The page of a Tandem gateway. What it shows comes from /live, whole, whenever something differs.
"use strict";

document.addEventListener("alpine:init", () => {
  const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });

  Alpine.data("gateway", () => ({
    state: {
      node: "", accepting: true, changes: false, alarms: [], spans: [], links: [], linksets: [], destinations: [],
      routes: [], trunks: [], circuits: [], calls: [], failures: [], causes: [],
    },
    connection: "connecting",
    skew: 0, // seconds that the gateway's clock is ahead of ours
    now: Date.now() / 1000,
    chosen: {},
    followed: {},
    asking: "",
    answer: "",

    init() {
      this.listen();
      setInterval(() => { this.now = Date.now() / 1000 + this.skew; }, 500);
    },

    listen() {
      const source = new EventSource("/live");
      source.onmessage = (event) => this.take(JSON.parse(event.data));
      source.onerror = () => {
        this.connection = "lost";
        if (source.readyState === EventSource.CLOSED) setTimeout(() => this.listen(), 2000);
      };
    },

    take(state) {
      this.skew = state.time - Date.now() / 1000;
      this.now = state.time;
      this.state = state;
      this.connection = "live";
      if (this.chosen.trunk) {
        const same = (one) => one.trunk === this.chosen.trunk && one.circuit === this.chosen.circuit;
        this.chosen = state.circuits.find(same) || {};
      }
      if (this.followed.id) {
        const call = state.calls.find((one) => one.id === this.followed.id);
        this.followed = call || Object.assign({}, this.followed, { state: "ended" });
      }
    },

    get title() { return this.state.node || "Tandem"; },
    get refusing() { return !this.state.accepting; },
    get connectionText() {
      return { connecting: "connecting", live: "live", lost: "no connection to the gateway" }[this.connection];
    },
    get groups() {
      const groups = new Map();
      for (const circuit of this.state.circuits) {
        if (!groups.has(circuit.trunk)) groups.set(circuit.trunk, []);
        const chosen = circuit.trunk === this.chosen.trunk && circuit.circuit === this.chosen.circuit;
        groups.get(circuit.trunk).push(Object.assign({}, circuit, {
          key: `${circuit.trunk}/${circuit.circuit}`,
          look: circuit.kind + (chosen ? " chosen" : ""),
          title: `${circuit.trunk} ${circuit.circuit}: ${this.circuitText(circuit)}`,
        }));
      }
      return Array.from(groups, ([name, circuits]) => ({ name, circuits }));
    },
    get failures() {
      return this.state.failures.map((failure, place) => Object.assign({}, failure, {
        key: `${failure.time} ${place}`, clock: time.format(new Date(failure.time)),
      }));
    },
    get chosenTitle() { return `Circuit ${this.chosen.circuit} of ${this.chosen.trunk}`; },
    get chosenText() { return this.chosen.trunk ? this.circuitText(this.chosen) : ""; },
    get question() {
      const loses = this.chosen.call && this.asking === "reset" ? " Its call is lost." : "";
      return `Really ${this.asking} circuit ${this.chosen.circuit} of ${this.chosen.trunk}?${loses}`;
    },

    clock(seconds) { return time.format(new Date(1000 * seconds)); },
    spanText(span) { return span.alarms || span.state; },
    linkText(link) { return link.state.replaceAll("_", " ") + (link.inhibited ? ", inhibited" : ""); },
    linkClass(link) { return link.state === "available" ? "up" : "down"; },
    causeText(cause) { return `${cause.cause} ${cause.name}`; },
    circuitText(circuit) {
      const words = [`span ${circuit.span}, timeslot ${circuit.timeslot}`, circuit.state.replaceAll("_", " ")];
      if (circuit.blocking) words.push(`blocked: ${circuit.blocking}`);
      if (circuit.call) words.push(`call ${circuit.call}`);
      return words.join("; ");
    },
    lasted(call) {
      const seconds = Math.max(0, Math.floor(this.now - (call.answered || call.since)));
      return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    },
    arrow(step, word) { return step.forward ? `${word} →` : `← ${word}`; },

    choose(circuit) { this.chosen = circuit; this.asking = ""; this.answer = ""; },
    follow(call) { this.followed = call; },
    ask(order) { this.asking = order; this.answer = ""; },
    cancel() { this.asking = ""; },
    async confirm() {
      const order = { order: this.asking, trunk: this.chosen.trunk, circuit: this.chosen.circuit };
      this.asking = "";
      try {
        const response = await fetch("/order", {
          method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order),
        });
        const answer = await response.json();
        this.answer = answer.answer || answer.error;
      } catch (error) {
        this.answer = `The gateway cannot be reached: ${error.message}`;
      }
    },
  }));
});
