/** What a framed app may ask of the shell: the SDK and content as itself, its own backend, its own window. Pure; the ports act. */
import type { AppNotice } from '@anarq/design'
import { Fault } from '@anarq/fault'
import type { Plain } from './message.ts'

export type FramePorts = {
  /** One call of the SDK as this app: the node holds it to what the person granted. */
  sdk(call: string, input: Plain, signal: AbortSignal): Promise<unknown>
  backend(asked: BackendAsked, signal: AbortSignal): Promise<BackendAnswer>
  /** Content as this app, in transfers of its own. */
  readonly content: ReadonlyMap<string, (input: Plain) => Promise<unknown>>
  setTitle(title: string): void
  close(): void
  notify(notice: AppNotice): void
  /** A file for the person, as the browser saves it; false where the frame has not the keyboard. */
  save(name: string, content: Blob): boolean
  /** A combination of the shell's own that was pressed while the frame had the keyboard; false where it was not heard. */
  press(combination: unknown): boolean
  readonly nowMs: () => number
}

export type BackendAsked = {
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}
export type BackendAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

export type FrameCalls = {
  allows(call: string): boolean
  call(call: string, input: Plain, signal: AbortSignal): Promise<unknown>
}

const namespaces = new Set(['identity', 'storage', 'index', 'consent', 'guardian', 'system', 'apps'])
const own = new Set([
  'shell.title',
  'shell.close',
  'shell.notify',
  'shell.save',
  'shell.press',
  'backend.request',
])
const methods = ['GET', 'POST', 'PUT', 'DELETE']
const headersHandedOver = ['accept', 'content-type', 'if-none-match']
const tones = ['plain', 'success', 'warning', 'danger'] as const
const textMax = 2000
const headerMax = 500
/** A person reads at most so many. */
const notices = { max: 5, everyMs: 30_000 }
/** As many files as a person saves, and their names. */
const saves = { max: 20, everyMs: 60_000 }
const fileNameMax = 255

export function createFrameCalls(ports: FramePorts): FrameCalls {
  let told: readonly number[] = []
  const notify = (input: Plain): void => {
    const now = ports.nowMs()
    told = told.filter((at) => now - at < notices.everyMs)
    if (told.length >= notices.max)
      throw new Fault('limit.notices', 'Too many notifications. Say less, or all of it in one.')
    told = [...told, now]
    ports.notify(noticeOf(input))
  }
  let saved: readonly number[] = []
  const save = ({ name, content }: Plain): void => {
    const fileName = lineOf(name, 'name')
    if (fileName.length > fileNameMax || !(content instanceof Blob))
      throw new Fault(
        'invalid.content',
        `What is saved is a File or a Blob, with a name of at most ${fileNameMax} characters.`,
      )
    const now = ports.nowMs()
    saved = saved.filter((at) => now - at < saves.everyMs)
    if (saved.length >= saves.max)
      throw new Fault('limit.saves', 'Too many files to save at once. Save them in one, or later.')
    if (!ports.save(fileName, content))
      throw new Fault('refused.save', 'Files are saved only while the person is in this app.')
    saved = [...saved, now]
  }
  return {
    allows: (call) =>
      own.has(call) || ports.content.has(call) || namespaces.has(call.slice(0, call.indexOf('.'))),
    async call(call, input, signal) {
      switch (call) {
        case 'shell.title':
          return ports.setTitle(lineOf(input.title, 'title'))
        case 'shell.close':
          return ports.close()
        case 'shell.notify':
          return notify(input)
        case 'shell.save':
          return save(input)
        case 'shell.press':
          if (ports.press(input.keys)) return undefined
          throw new Fault(
            'refused.keys',
            'Only a combination of the desktop itself is handed on, and only while the person presses it in this app.',
          )
        case 'backend.request':
          return ports.backend(askedOf(input), signal)
        default:
          return ports.content.get(call)?.(input) ?? ports.sdk(call, input, signal)
      }
    },
  }
}

function noticeOf({ title, text, tone }: Plain): AppNotice {
  return {
    title: lineOf(title, 'title'),
    ...(text === undefined ? {} : { text: lineOf(text, 'text') }),
    tone: tones.find((one) => one === tone) ?? 'plain',
  }
}

function askedOf({ path, method = 'GET', headers = {}, body }: Plain): BackendAsked {
  if (typeof method !== 'string' || !methods.includes(method))
    throw new Fault('invalid.method', `A backend is asked with one of ${methods.join(', ')}.`)
  if (body !== undefined && (!(body instanceof Uint8Array) || method === 'GET'))
    throw new Fault('invalid.body', 'A body is bytes, and GET has none.')
  const given = typeof headers === 'object' && headers !== null ? (headers as Plain) : {}
  const handedOver = headersHandedOver.flatMap((name) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    const isFine = typeof value === 'string' && value.length <= headerMax && /^[\x20-\x7e]*$/.test(value)
    return isFine ? [[name, value] as const] : []
  })
  return { path: lineOf(path, 'path'), method, headers: Object.fromEntries(handedOver), body }
}

function lineOf(value: unknown, name: string): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= textMax) return value
  throw new Fault('invalid.text', `"${name}" is a text of 1 to ${textMax} characters.`)
}
