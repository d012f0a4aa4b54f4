// npm's ws, with its own events, which are faster than its imitation of the browser's.
const WebSocket = require("ws");

const now = () => performance.now() / 1000;
const length = (data) => data.length;

function connect(order) {
    return new WebSocket(order.url, {perMessageDeflate: order.work.compressed, maxPayload: 2 ** 26});
}

function opened(order) {
    return new Promise((resolve, reject) => {
        const ws = connect(order);
        ws.once("open", () => resolve(ws));
        ws.once("error", reject);
    });
}

const closed = (ws) => new Promise((resolve) => ws.once("close", resolve));

async function receive(order, count) {
    const ws = connect(order);
    let start = 0, received = 0;
    ws.once("open", () => { start = now(); });
    ws.on("message", (data, isBinary) => { received += (isBinary ? data : data.toString()).length; });
    await closed(ws);
    if (received !== count * order.work.size) throw new Error(`received ${received} bytes`);
    return now() - start;
}

async function send(order) {
    const {work, messages} = order;
    const ws = await opened(order);
    const end = closed(ws);
    const answered = new Promise((resolve) => ws.once("message", resolve));
    const start = now();
    for (let sent = 0; sent < work.count;) {
        const several = Math.min(order.burst, work.count - sent);
        for (let i = 0; i < several; i++) ws.send(messages[sent++ % messages.length]);
        while (ws.bufferedAmount >= order.burst * work.size) await order.breathe();
    }
    await answered;
    const seconds = now() - start;
    await end;
    return seconds;
}

async function echo(order) {
    const {work, messages} = order;
    const ws = await opened(order);
    const end = closed(ws);
    let toSend = work.count, toReceive = work.count;
    const start = now();
    await new Promise((resolve) => {
        ws.on("message", (data, isBinary) => {
            if (length(isBinary ? data : data.toString()) !== work.size) throw new Error("size");
            toReceive--;
            if (toSend) { toSend--; ws.send(messages[0]); } else if (!toReceive) resolve();
        });
        for (let i = 0; i < work.in_flight; i++) { toSend--; ws.send(messages[0]); }
    });
    const seconds = now() - start;
    ws.close(1000);
    await end;
    return seconds;
}

async function cycle(order) {
    const start = now();
    for (let i = 0; i < order.work.count; i++) {
        const ws = await opened(order);
        const end = closed(ws);
        ws.close(1000);
        await end;
    }
    return now() - start;
}

async function fan_in(order) {
    const {work} = order;
    const share = Math.max(1, Math.floor(work.count / work.sockets));
    const start = now();
    await Promise.all(Array.from({length: work.sockets}, () => receive(order, share)));
    return now() - start;
}

const kinds = {receive: (order) => receive(order, order.work.count), send, echo, cycle, fan_in};

module.exports = {npmWork: (order) => kinds[order.work.kind](order)};
