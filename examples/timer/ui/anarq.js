// What makes the page an app: its rounds are kept in its own storage, and what it may do it asks for.
import { connect } from '/design/anarq.js'

const place = 'app:/rounds.json'
const said = document.getElementById('said')
const save = document.getElementById('save')
const { sdk, window: own } = await connect()

const rounds = await sdk.storage.read({ path: place }).then(
  ({ bytes }) => JSON.parse(new TextDecoder().decode(bytes)),
  () => [],
)
show()
greet()

addEventListener('timer:over', async ({ detail }) => {
  rounds.push({ seconds: detail.seconds, atMs: Date.now() })
  show()
  await sdk.storage.write({ path: place, bytes: bytesOf(JSON.stringify(rounds)), type: 'application/json' })
  await own.notify({ title: 'Time is over', text: `${detail.seconds} s`, tone: 'success' })
})

save.addEventListener('click', async () => {
  const lines = rounds.map(({ seconds, atMs }) => `${new Date(atMs).toISOString()} ${seconds} s\n`)
  try {
    await sdk.storage.write({ path: '/Timer rounds.txt', bytes: bytesOf(lines.join('')), type: 'text/plain' })
    said.textContent = 'Written to /Timer rounds.txt'
  } catch (error) {
    said.textContent = error.message
  }
})

function show() {
  save.hidden = rounds.length === 0
  own.setTitle(rounds.length === 0 ? 'Kitchen Timer' : `Kitchen Timer (${rounds.length})`)
}

/** Whoever does not allow it is not greeted, and that is all. */
async function greet() {
  const person = await sdk.identity.current({}).catch(() => undefined)
  if (person !== undefined) document.getElementById('hello').textContent = `Hello, ${person.name}`
}

function bytesOf(text) {
  return new TextEncoder().encode(text)
}
