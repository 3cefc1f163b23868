// A component: drawn inside the desktop, with its theme and its classes. Packing takes the types out of this file.

type Shell = {
  readonly sdk: {
    readonly storage: {
      write(input: { path: string; bytes: Uint8Array; type: string }): Promise<unknown>
    }
  }
  readonly window: { setTitle(title: string): void }
  readonly locale: string
  backend(
    path: string,
    asked?: { method?: string; body?: unknown },
  ): Promise<{ status: number; bytes: Uint8Array }>
}
type Note = { readonly id: string; text: string }

const texts = {
  en: {
    add: 'New note',
    remove: 'Remove',
    copy: 'Copy to my drive',
    note: 'Note',
    list: 'Notes',
    copied: 'Copied to',
  },
  es: {
    add: 'Nota nueva',
    remove: 'Quitar',
    copy: 'Copiar a mi unidad',
    note: 'Nota',
    list: 'Notas',
    copied: 'Copiada a',
  },
}

/** Called with the empty element of a window; returns what takes everything away when the window closes. */
export function mount(root: HTMLElement, shell: Shell): () => void {
  const say = shell.locale.startsWith('es') ? texts.es : texts.en
  const { list, text, said, add, copy, remove, whole } = draw(say)
  const ask = createAsk(shell)
  let notes: Note[] = []
  let open: Note | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  root.append(whole)
  const tell = (problem: unknown): void => {
    said.textContent = problem instanceof Error ? problem.message : String(problem)
  }
  const show = (): void => {
    text.value = open?.text ?? ''
    text.disabled = open === undefined
    copy.disabled = remove.disabled = open === undefined
    shell.window.setTitle(open === undefined ? say.list : titleOf(open))
    list.replaceChildren(
      ...notes.map((note) => {
        const line = element('li', {})
        const choose = button(titleOf(note))
        choose.setAttribute('aria-pressed', String(note === open))
        choose.onclick = () => {
          open = note
          show()
        }
        line.append(choose)
        return line
      }),
    )
  }
  const save = (): void => {
    clearTimeout(timer)
    const note = open
    if (note !== undefined) ask(`/notes/${note.id}`, { method: 'PUT', body: { text: note.text } }).catch(tell)
  }
  text.oninput = () => {
    if (open === undefined) return
    open.text = text.value
    clearTimeout(timer)
    timer = setTimeout(save, 300)
  }
  text.onchange = () => {
    save()
    show()
  }
  add.onclick = () => {
    open = { id: Date.now().toString(36), text: '' }
    notes = [open, ...notes]
    show()
    text.focus()
  }
  remove.onclick = async () => {
    clearTimeout(timer)
    const gone = open
    notes = notes.filter((note) => note !== gone)
    open = notes[0]
    show()
    if (gone !== undefined) await ask(`/notes/${gone.id}`, { method: 'DELETE' }).catch(tell)
  }
  copy.onclick = async () => {
    if (open === undefined) return
    const path = `/Note ${open.id}.txt`
    const bytes = new TextEncoder().encode(open.text)
    await shell.sdk.storage
      .write({ path, bytes, type: 'text/plain' })
      .then(() => tell(`${say.copied} ${path}`), tell)
  }
  ask('/notes').then((found) => {
    // Whoever was quicker than the answer has begun a note already.
    notes = [...notes, ...(found as Note[])]
    open ??= notes[0]
    if (notes[0] !== open || document.activeElement !== text) show()
  }, tell)
  show()
  return () => {
    if (timer !== undefined) save()
    root.replaceChildren()
  }
}

type Texts = (typeof texts)['en' | 'es']
type Parts = {
  readonly list: HTMLElement
  readonly text: HTMLTextAreaElement
  readonly said: HTMLElement
  readonly add: HTMLButtonElement
  readonly copy: HTMLButtonElement
  readonly remove: HTMLButtonElement
  readonly whole: HTMLElement
}

function draw(say: Texts): Parts {
  const list = element('ul', { ariaLabel: say.list })
  const text = element('textarea', { className: 'aq-input', ariaLabel: say.note, rows: 12 })
  const said = element('p', { role: 'status' })
  const add = button(say.add)
  const copy = button(say.copy)
  const remove = button(say.remove)
  Object.assign(list.style, { display: 'grid', gap: '0.25rem' })
  Object.assign(text.style, {
    width: '100%',
    padding: '0.75rem',
    border: '1px solid var(--aq-line-strong)',
    borderRadius: 'var(--aq-radius-m)',
    resize: 'vertical',
  })
  return { list, text, said, add, copy, remove, whole: column(row(add, copy, remove), text, said, list) }
}

type Asked = { readonly method?: string; readonly body?: unknown }

/** One question to the backend; what it refuses is thrown with its own words. */
function createAsk(shell: Shell): (path: string, asked?: Asked) => Promise<unknown> {
  return async (path, asked) => {
    const { status, bytes } = await shell.backend(path, asked)
    const answer = JSON.parse(new TextDecoder().decode(bytes)) as { problem?: string }
    if (status !== 200) throw new Error(answer.problem)
    return answer
  }
}

function titleOf({ text }: Note): string {
  return text.split('\n')[0]?.slice(0, 60) || '…'
}

function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]>,
): HTMLElementTagNameMap[Name] {
  return Object.assign(document.createElement(name), properties)
}

function button(label: string): HTMLButtonElement {
  return element('button', { type: 'button', className: 'aq-button', textContent: label })
}

function row(...children: readonly HTMLElement[]): HTMLElement {
  const made = element('div', {})
  Object.assign(made.style, { display: 'flex', flexWrap: 'wrap', gap: '0.5rem' })
  made.append(...children)
  return made
}

function column(...children: readonly HTMLElement[]): HTMLElement {
  const made = element('div', {})
  Object.assign(made.style, { display: 'grid', gap: '0.75rem', padding: '1rem' })
  made.append(...children)
  return made
}
