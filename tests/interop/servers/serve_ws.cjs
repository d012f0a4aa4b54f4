// A server by ws, on Node.js. NPM_WS names the folder where it is installed.
"use strict";
const { WebSocketServer } = require(require.resolve("ws", { paths: [process.env.NPM_WS] }));

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: true });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket, request) => {
  if (request.url === "/close") socket.close(3001, "the server's own");
  if (request.url === "/ping") {
    socket.ping("are you there?");
    socket.on("pong", () => socket.send("yes"));
  }
  socket.on("message", (data, binary) => {
    if (request.url === "/fragments") {
      const third = Math.floor(data.length / 3);
      socket.send(data.subarray(0, third), { binary, fin: false });
      socket.send(data.subarray(third, 2 * third), { binary, fin: false });
      socket.send(data.subarray(2 * third), { binary, fin: true });
    } else {
      socket.send(data, { binary });
    }
  });
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
