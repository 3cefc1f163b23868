// Files of any size: they are sent as the browser holds them, and what is played comes back piece by piece.
import { connect } from '/design/anarq.js'

const element = (id) => document.getElementById(id)
const [file, coming, progress, stop, said, list, player] = [
  'file',
  'coming',
  'progress',
  'stop',
  'said',
  'list',
  'player',
].map(element)
const { sdk } = await connect()
await show()

file.addEventListener('change', async () => {
  const [content] = file.files
  if (content === undefined) return
  const stopping = new AbortController()
  stop.onclick = () => stopping.abort()
  file.disabled = true
  coming.hidden = false
  progress.max = content.size
  progress.value = 0
  said.textContent = ''
  let id
  try {
    const { name, size: bytes, lastModified: modifiedMs, type } = content
    const about = type === '' ? {} : { type }
    ;({ id } = await sdk.content.beginUpload({ path: `app:/${name}`, bytes, modifiedMs, ...about }))
    await sdk.content.sendUpload({
      id,
      content,
      signal: stopping.signal,
      onProgress: (offset) => {
        progress.value = offset
      },
    })
    said.textContent = `${name} is kept.`
  } catch (error) {
    said.textContent = stopping.signal.aborted ? 'Stopped. Nothing of it is kept.' : error.message
    // Without this it would wait a quarter of an hour for the rest.
    if (id !== undefined) await sdk.content.cancelUpload({ id }).catch(() => undefined)
  }
  file.value = ''
  file.disabled = false
  coming.hidden = true
  await show()
})

async function show() {
  const kept = await sdk.storage.list({ path: 'app:/' })
  list.replaceChildren(
    ...kept.map(({ name, path, type }) => {
      const button = document.createElement('button')
      button.type = 'button'
      button.className = 'aq-button'
      button.textContent = `Play ${name}`
      button.onclick = () => void play(path, type)
      const item = document.createElement('li')
      item.append(button)
      return item
    }),
  )
}

async function play(path, type) {
  try {
    const blob = await sdk.content.blob({ path, type })
    URL.revokeObjectURL(player.src)
    player.src = URL.createObjectURL(blob)
    player.hidden = false
    await player.play()
  } catch (error) {
    said.textContent = error.message
  }
}
