// The browser's interface, used by Chromium and by Node's undici. `order` is what the runner sends.
async function domWork(WebSocket, order) {
    const {work, messages} = order;
    const url = (kind) => order.url;
    const now = () => performance.now() / 1000;

    function opened() {
        return new Promise((resolve, reject) => {
            const ws = new WebSocket(url());
            ws.binaryType = "arraybuffer";
            ws.onopen = () => resolve(ws);
            ws.onclose = () => reject(new Error("not opened"));
        });
    }

    const closed = (ws) => new Promise((resolve) => { ws.onclose = resolve; });

    async function receive(count) {
        // the listener must be there before the first message, so this clock runs from `open`
        const ws = new WebSocket(url());
        ws.binaryType = "arraybuffer";
        let start = 0, received = 0;
        ws.onopen = () => { start = now(); };
        ws.onmessage = (event) => { received += event.data.length ?? event.data.byteLength; };
        await closed(ws);
        if (received !== count * work.size) throw new Error(`received ${received} bytes`);
        return now() - start;
    }

    async function send() {
        const ws = await opened();
        const end = closed(ws);
        const answered = new Promise((resolve) => { ws.onmessage = resolve; });
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

    async function echo() {
        const ws = await opened();
        const end = closed(ws);
        let toSend = work.count, toReceive = work.count;
        const start = now();
        await new Promise((resolve) => {
            ws.onmessage = () => {
                toReceive--;
                if (toSend) { toSend--; ws.send(messages[0]); } else if (!toReceive) resolve();
            };
            for (let i = 0; i < work.in_flight; i++) { toSend--; ws.send(messages[0]); }
        });
        const seconds = now() - start;
        ws.close(1000);
        await end;
        return seconds;
    }

    async function cycle() {
        const start = now();
        for (let i = 0; i < work.count; i++) {
            const ws = await opened();
            const end = closed(ws);
            ws.close(1000);
            await end;
        }
        return now() - start;
    }

    async function fan_in() {
        const start = now();
        const share = Math.max(1, Math.floor(work.count / work.sockets));
        await Promise.all(Array.from({length: work.sockets}, () => receive(share)));
        return now() - start;
    }

    const kinds = {receive: () => receive(work.count), send, echo, cycle, fan_in};
    return await kinds[work.kind]();
}

if (typeof module !== "undefined") module.exports = {domWork};
