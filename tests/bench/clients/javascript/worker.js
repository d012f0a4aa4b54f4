// As worker.py: does the work that standard input names, a JSON object on each line.
// `node worker.js ws` or `node worker.js undici`; NODE_PATH says where the packages are.
const readline = require("node:readline");
const {setImmediate: breathe} = require("node:timers/promises");

const undici = process.argv[2] === "undici" ? require("undici") : null;
const work = undici
    ? (order) => require("./dom.js").domWork(undici.WebSocket, order)
    : require("./npm_ws.js").npmWork;

async function main() {
    for await (const line of readline.createInterface({input: process.stdin})) {
        const order = JSON.parse(line);
        order.breathe = breathe;
        if (!order.work.text) order.messages = order.messages.map((text) => Buffer.from(text));
        const before = process.cpuUsage();
        const seconds = await work(order);
        const used = process.cpuUsage(before);
        console.log(JSON.stringify([seconds, (used.user + used.system) / 1e6]));
    }
}

main();
