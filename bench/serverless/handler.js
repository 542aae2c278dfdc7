// The echo app of `bench/gateways/echo.py` in JavaScript: posts over kept connections, unsigned,
// since serverless-offline checks no signature.
const http = require("node:http")

const endpoint = new URL(process.env.MANAGEMENT_URL)
const agent = new http.Agent({ keepAlive: true, maxSockets: 32 })
const open = new Set()
let closed = 0

const post = (id, text) =>
  new Promise((resolve, reject) => {
    const path = `/@connections/${encodeURIComponent(id)}`
    const headers = { "Content-Length": Buffer.byteLength(text) }
    const options = { agent, headers, host: endpoint.hostname, method: "POST", path, port: endpoint.port }
    const request = http.request(options, (answer) => answer.resume().on("end", resolve))
    request.on("error", reject).end(text)
  })

exports.connect = async (event) => {
  open.add(event.requestContext.connectionId)
  return { statusCode: 200 }
}

exports.message = async (event) => {
  const self = event.requestContext.connectionId
  const [kind, number] = event.body.split(" ", 2)
  if (kind === "post") await post(self, event.body)
  if (kind === "fan") {
    const others = [...open].filter((id) => id !== self).slice(-Number(number))
    await Promise.all(others.map((id) => post(id, event.body)))
  }
  if (kind === "closed") return { statusCode: 200, body: String(closed) }
  return kind === "echo" ? { statusCode: 200, body: event.body } : { statusCode: 200 }
}

exports.disconnect = async (event) => {
  open.delete(event.requestContext.connectionId)
  closed += 1
  return { statusCode: 200 }
}
