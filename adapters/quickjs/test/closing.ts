// Stops a backend in the middle of a loop, and ends though another one still waits: no thread keeps the process.
import { createQuickjs } from '@anarq/quickjs'
import { createRuntime } from '@anarq/runtime'

const runtime = createRuntime({
  engine: createQuickjs(),
  limits: { turnMsMax: 60_000 },
  onIncident: ({ sentence }) => console.log(sentence),
})
const start = (app: string, body: string) => {
  const modules = new Map([['main.js', `export default { request() { ${body} } }`]])
  return runtime.start({ app, source: { entry: 'main.js', modules }, host: { call: async () => null } })
}
const request = { method: 'GET', path: '/', query: {}, headers: {}, body: new Uint8Array(0) }
const looping = await start('looping', 'for (;;);')
await start('waiting', '')
const asked = looping.request(request).catch(({ code }) => console.log(code))
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
await looping.stop()
await asked
console.log('closed')
