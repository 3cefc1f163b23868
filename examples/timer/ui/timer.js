// A page like any other: it counts, and tells whoever listens. Nothing in this file knows of AnarQ.
const left = document.getElementById('left')
const said = document.getElementById('said')
const seconds = document.getElementById('seconds')
let timer

document.getElementById('form').addEventListener('submit', (event) => {
  event.preventDefault()
  clearInterval(timer)
  const whole = Number(seconds.value)
  const endsAt = Date.now() + whole * 1000
  said.textContent = ''
  const show = () => {
    const rest = Math.max(0, Math.round((endsAt - Date.now()) / 1000))
    left.textContent = `${Math.floor(rest / 60)}:${String(rest % 60).padStart(2, '0')}`
    if (rest > 0) return
    clearInterval(timer)
    said.textContent = 'Time is over.'
    dispatchEvent(new CustomEvent('timer:over', { detail: { seconds: whole } }))
  }
  timer = setInterval(show, 200)
  show()
})
document.getElementById('start').disabled = false
