// Executes a scenario's program in a page, with the browser's own WebSocket. `python_program.py` does the same in Python.
"use strict";

const SHORT = 160;
const PROPERTIES = ["url", "readyState", "bufferedAmount", "extensions", "protocol", "binaryType"];
const EVENT = ["type", "bubbles", "cancelable", "composed", "defaultPrevented", "returnValue", "cancelBubble", "eventPhase", "isTrusted"];
const MORE = {MessageEvent: ["origin", "lastEventId", "source"], CloseEvent: ["code", "reason", "wasClean"]};
const turn = () => new Promise((resolve) => { const c = new MessageChannel(); c.port1.onmessage = resolve; c.port2.postMessage(0); });

const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
const unhex = (digits) => Uint8Array.from(digits.match(/../g) || [], (d) => parseInt(d, 16));

function adler32(bytes) {
  let a = 1, b = 0;
  for (const byte of bytes) { a = (a + byte) % 65521; b = (b + a) % 65521; }
  return b * 65536 + a;
}

function describeBytes(bytes, asText) {
  if (bytes.length > SHORT) return {bytes: bytes.length, adler32: adler32(bytes)};
  return asText ? new TextDecoder("utf-8", {ignoreBOM: true}).decode(bytes) : hex(bytes);
}

function describeError(error) {
  return error instanceof DOMException ? ["DOMException", error.name, error.code] : [error.name];
}

class Program {
  constructor(places, say) {
    this.places = places;
    this.say = say;
    this.trace = [];
    this.things = new Map();       // sockets and other event targets, by name
    this.names = new Map();        // and back
    this.listeners = new Map();
    this.controllers = new Map();
    this.buffers = new Map();
    this.kept = new Map();
    this.pending = [];             // the contents of Blobs, read while the program goes on
    this.open = 0;
    this.signals = new Map();
    this.idle = new Promise((resolve) => { this.becomeIdle = resolve; });
    this.reported = (event) => { this.trace.push(["reported", event.error ? event.error.message : event.message]); event.preventDefault(); };
    window.addEventListener("error", this.reported);
  }

  // ---- driven from outside

  start(ops) { this.run(ops, null); if (!this.open) this.becomeIdle(); }

  signal(name) { this.signalOf(name).resolve(); }

  signalOf(name) {
    if (!this.signals.has(name)) {
      const signal = {};
      signal.promise = new Promise((resolve) => { signal.resolve = resolve; });
      this.signals.set(name, signal);
    }
    return this.signals.get(name);
  }

  async finish(ops) {
    for (let i = 0; i < 3; i++) await turn();
    this.run(ops, null);
    for (let i = 0; i < 3; i++) await turn();
    await Promise.all(this.pending);
    window.removeEventListener("error", this.reported);
    return JSON.stringify(this.trace);
  }

  // ---- the operations

  run(ops, event) {
    for (const [op, ...args] of ops) {
      if (op === "throw") throw new Error(args[0]);
      this["do_" + op](event, ...args);
    }
  }

  async goOn([[, signal], ...ops], event) {    // after the first await of an async listener
    await (signal === null ? turn() : this.signalOf(signal).promise);
    this.run(ops, event);
  }

  attempt(entry, f) {
    try { const value = f(); this.trace.push(entry.concat([["gives", value === undefined ? null : value]])); }
    catch (error) { this.trace.push(entry.concat([["throws", ...describeError(error)]])); }
  }

  fill(string) { return string.replace(/\{(port|closed|page)\}/g, (_, place) => this.places[place]); }

  do_new(event, name, url, protocols, on) {
    this.attempt(["new", name], () => {
      const ws = protocols === null ? new WebSocket(this.fill(url)) : new WebSocket(this.fill(url), protocols);
      this.name(name, ws);
      this.open++;
      ws.addEventListener("close", (event) => { if (event.isTrusted && --this.open === 0) this.becomeIdle(); });
      if (on) for (const type of ["open", "message", "error", "close"]) ws["on" + type] = this.listener(`${name}.on${type}`, on[type] || []);
      return this.properties(ws);
    });
  }

  do_target(event, name) { this.name(name, new EventTarget()); }
  do_slot(event, name, type, label, ops) { this.things.get(name)["on" + type] = label === null ? null : this.listener(label, ops); }

  do_slotvalue(event, name, type, value) {
    this.attempt(["slotvalue", type], () => { const ws = this.things.get(name); ws["on" + type] = value; return ws["on" + type] === null ? null : typeof ws["on" + type]; });
  }

  do_sameslot(event, name, type, label) { this.trace.push(["sameslot", this.things.get(name)["on" + type] === this.listeners.get(label)]); }

  do_add(event, name, type, label, ops, options) {
    this.attempt(["add", label], () => this.things.get(name).addEventListener(type, label === null ? null : this.listener(label, ops, options.object), this.options(options)));
  }

  do_remove(event, name, type, label, options) {
    this.attempt(["remove", label], () => this.things.get(name).removeEventListener(type, label === null ? null : this.listeners.get(label), this.options(options)));
  }

  do_send(event, name, payload) {
    const ws = this.things.get(name);
    this.attempt(["send", name], () => { ws.send(this.payload(payload)); });
    this.trace.push(["state", name, ws.readyState, ws.bufferedAmount]);
  }

  do_close(event, name, code, reason) {
    const ws = this.things.get(name);
    this.attempt(["close", name], () => {
      if (reason !== null) ws.close(code === null ? undefined : code, reason);
      else if (code !== null) ws.close(code);
      else ws.close();
    });
    this.trace.push(["state", name, ws.readyState, ws.bufferedAmount]);
  }

  do_get(event, name) { this.trace.push(["get", name, this.properties(this.things.get(name))]); }

  do_put(event, name, attribute, value) {
    const ws = this.things.get(name);
    this.attempt(["put", attribute], () => { ws[attribute] = value; });
    this.trace.push(["is", attribute, ws[attribute]]);
  }

  do_constants(event, name) {
    const on = (x) => ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].map((k) => x[k]);
    this.trace.push(["constants", on(WebSocket), name ? on(this.things.get(name)) : null]);
  }

  do_when(event, data, ops) { if (event.data === data) this.run(ops, event); }
  do_note(event, note) { this.trace.push(["note", note]); }
  do_tell(event, signal) { this.say(signal); }
  do_heard(event, signal, ops) { this.signalOf(signal).promise.then(() => this.run(ops, null)); }
  do_buffer(event, name, digits) { this.buffers.set(name, unhex(digits)); }
  do_poke(event, name, index, value) { this.buffers.get(name)[index] = value; }

  do_dispatch(event, name, cls, type, init, kept) {
    this.attempt(["dispatch", type], () => {
      let made = this.kept.get(kept);
      if (!made) { made = new window[cls](type, init); if (kept) this.kept.set(kept, made); }
      const result = this.things.get(name).dispatchEvent(made);
      this.trace.push(["dispatched", this.describeEvent(made)]);
      return result;
    });
  }

  do_redispatch(event, name) { this.attempt(["redispatch"], () => this.things.get(name).dispatchEvent(event)); }
  do_makeevent(event, cls, type, init) { this.attempt(["makeevent", cls], () => this.describeEvent(new window[cls](type, init))); }
  do_stop(event) { event.stopPropagation(); }
  do_stopnow(event) { event.stopImmediatePropagation(); }
  do_prevent(event) { event.preventDefault(); this.trace.push(["defaultPrevented", event.defaultPrevented]); }
  do_path(event) { this.trace.push(["path", event.composedPath().map((t) => this.names.get(t))]); }
  do_setevent(event, attribute, value) { this.attempt(["setevent", attribute], () => { event[attribute] = value; return event[attribute]; }); }
  do_controller(event, name) { this.controllers.set(name, new AbortController()); }
  do_abort(event, name) { this.controllers.get(name).abort(); }

  // ---- their parts

  name(name, thing) { this.things.set(name, thing); this.names.set(thing, name); }
  properties(ws) { return Object.fromEntries(PROPERTIES.map((p) => [p, ws[p]])); }

  options({once, passive, capture, signal, whole}) {
    if (whole !== undefined) return whole;      // the old third argument, a boolean
    const given = {};
    if (once !== undefined) given.once = once;
    if (passive !== undefined) given.passive = passive;
    if (capture !== undefined) given.capture = capture;
    if (signal !== undefined) given.signal = this.controllers.get(signal).signal;
    return given;
  }

  listener(label, ops, asObject) {
    if (!this.listeners.has(label)) {
      const program = this;
      const pause = ops.findIndex(([op]) => op === "pause");
      const call = function (event) {
        const self = asObject ? this === listener : this === event.currentTarget;
        program.trace.push(["event", label, program.describeEvent(event), self]);
        program.run(pause < 0 ? ops : ops.slice(0, pause), event);
        return pause < 0 ? undefined : program.goOn(ops.slice(pause), event);
      };
      const listener = asObject ? {handleEvent: call} : call;
      this.listeners.set(label, listener);
    }
    return this.listeners.get(label);
  }

  payload(spec) {
    if (spec.ref !== undefined) return this.buffers.get(spec.ref);
    if (spec.raw !== undefined) return spec.raw;
    if (spec.text !== undefined) return spec.text.repeat(spec.repeat);
    let bytes = unhex(spec.hex);
    if (spec.repeat !== 1) {
      const all = new Uint8Array(bytes.length * spec.repeat);
      for (let i = 0; i < spec.repeat; i++) all.set(bytes, i * bytes.length);
      bytes = all;
    }
    if (spec.kind === "ArrayBuffer") return bytes.buffer;
    if (spec.kind === "Blob") return new Blob([bytes]);
    const from = spec.from || 0, to = spec.to === undefined ? bytes.length : spec.to;
    const View = window[spec.kind];
    return new View(bytes.buffer, from, (to - from) / (View.BYTES_PER_ELEMENT || 1));
  }

  describeEvent(event) {
    const seen = {"class": event.constructor.name};
    for (const attribute of EVENT) seen[attribute] = event[attribute];
    for (const attribute of ["target", "currentTarget", "srcElement"]) seen[attribute] = event[attribute] ? this.names.get(event[attribute]) : null;
    for (const attribute of MORE[event.constructor.name] || []) seen[attribute] = event[attribute];
    if (event instanceof MessageEvent) { seen.ports = event.ports.length; seen.data = this.describeData(event.data); }
    if (event.target instanceof WebSocket) { seen.readyState = event.target.readyState; seen.bufferedAmount = event.target.bufferedAmount; }
    return seen;
  }

  describeData(data) {
    if (typeof data === "string") return ["text", describeBytes(new TextEncoder().encode(data), true)];
    if (data instanceof ArrayBuffer) return ["ArrayBuffer", describeBytes(new Uint8Array(data), false)];
    if (data instanceof Blob) {
      const described = ["Blob", data.size, data.type];
      this.pending.push(data.arrayBuffer().then((buffer) => described.push(describeBytes(new Uint8Array(buffer), false))));
      return described;
    }
    return ["other", data];
  }
}

let program;

function begin(places, base) {
  document.querySelector("base").href = base.replace(/\{(port|closed|page)\}/g, (_, place) => places[place]);
  program = new Program(places, (name) => window.tellServer(name));
}
