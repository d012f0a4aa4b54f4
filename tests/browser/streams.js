// The operations for WebSocketStream, added to page.js's Program. `python_streams.py` does the same in Python.
"use strict";

function describeStreamError(error) {
  if (typeof WebSocketError !== "undefined" && error instanceof WebSocketError) return ["WebSocketError", error.closeCode, error.reason];
  return error instanceof Error ? describeError(error) : ["value", error];
}

Object.assign(Program.prototype, {
  do_stream(event, name, url, protocols, signal) {
    this.attempt(["stream", name], () => {
      const options = {};
      if (protocols !== null) options.protocols = protocols;
      if (signal !== null) options.signal = this.controllers.get(signal).signal;
      const stream = new WebSocketStream(this.fill(url), options);
      this.things.set(name, stream);
      this.busy(stream.closed);
      return stream.url;
    });
  },

  do_stopstream(event, name, info) {
    this.attempt(["stopstream", name], () => { this.things.get(name).close(...(info === null ? [] : [info])); });
  },

  do_makeerror(event, message, init) {
    this.attempt(["makeerror"], () => {
      const error = new WebSocketError(message, init);
      return [error.name, error.message, error.code, error.closeCode, error.reason];
    });
  },

  do_abortwith(event, name, spec) { this.controllers.get(name).abort(this.reason(spec)); },
  do_task(event, label, steps) { this.busy(this.carryOut(label, steps)); },

  busy(promise) {
    const over = () => { if (--this.open === 0) this.becomeIdle(); };
    this.open++;
    promise.then(over, over);
  },

  async carryOut(label, steps) {
    for (const [step, ...args] of steps) {
      if (!this["step_" + step]) {
        const before = this.trace.length;
        this.run([[step, ...args]], null);
        this.trace.push(...this.trace.splice(before).map((entry) => ["in", label, ...entry]));
        continue;
      }
      try {
        const value = await this["step_" + step](...args);
        this.trace.push(["in", label, step, "gives", value === undefined ? null : value]);
      } catch (error) {
        this.trace.push(["in", label, step, "throws", ...describeStreamError(error)]);
      }
    }
  },

  async step_opened(name) {
    const stream = this.things.get(name), info = await stream.opened;
    if (!this.kept.has(name)) this.kept.set(name, {reader: info.readable.getReader(), writer: info.writable.getWriter()});
    return {extensions: info.extensions, protocol: info.protocol};
  },

  async step_closed(name) {
    const {closeCode, reason} = await this.things.get(name).closed;
    return {closeCode, reason};
  },

  async step_read(name) {
    const {value, done} = await this.kept.get(name).reader.read();
    if (done) return "done";
    const bytes = value instanceof ArrayBuffer ? new Uint8Array(value) : value;  // the draft has had both
    return bytes instanceof Uint8Array ? ["binary", describeBytes(bytes, false)] : this.describeData(value);
  },

  async step_write(name, payload) { await this.kept.get(name).writer.write(this.payload(payload)); },
  async step_closewritable(name) { await this.kept.get(name).writer.close(); },
  async step_abortwritable(name, spec) { await this.kept.get(name).writer.abort(this.reason(spec)); },
  async step_cancelreadable(name, spec) { await this.kept.get(name).reader.cancel(this.reason(spec)); },
  async step_hear(signal) { await this.signalOf(signal).promise; },

  reason(spec) {
    if (spec === null) return undefined;
    if (spec.websocket !== undefined) return new WebSocketError("made here", spec.websocket);
    return spec.error !== undefined ? new window[spec.error]("made here") : spec.value;
  },
});
