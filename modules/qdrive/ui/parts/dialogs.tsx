import { Button, Checkbox, Dialog, Note, RadioGroup, TextField } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import type { Answer, Conflict } from '../logic/conflicts.ts'
import type { Entry } from '../logic/entry.ts'
import { problemOfName, splitName } from '../logic/names.ts'
import { nameOf, parentOf } from '../logic/paths.ts'
import type { Coming } from '../model/use-uploads.ts'

export type NameDialogProps = {
  readonly title: string
  readonly act: string
  /** What it is called now; empty for a new one. */
  readonly name: string
  /** What the field begins with. */
  readonly start: string
  readonly taken: ReadonlySet<string>
  readonly onName: (name: string) => void
  readonly onClose: () => void
}

/** Asks for a name, and says what is wrong with one before it is tried. */
export function NameDialog({ title, act, name, start, taken, onName, onClose }: NameDialogProps): ReactNode {
  const { say } = useSurroundings()
  const [value, setValue] = useState(start)
  const [isTried, setTried] = useState(false)
  const problem = value.trim() === name && name !== '' ? undefined : problemOfName(value, taken)
  const isShown = problem !== undefined && (isTried || problem !== 'empty')
  const submit = (): void => {
    setTried(true)
    if (problem === undefined) onName(value.trim().normalize('NFC'))
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
      closeLabel={say('act.close')}
      foot={
        <>
          <Button onPress={onClose}>{say('act.cancel')}</Button>
          <Button look="accent" onPress={submit}>
            {act}
          </Button>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <TextField
          label={say('column.name')}
          value={value}
          onChange={setValue}
          autoFocus
          onFocus={(event) => {
            const input = event.target as HTMLInputElement
            input.setSelectionRange(0, splitName(input.value).stem.length)
          }}
          error={isShown ? say(`name.${problem}`) : undefined}
        />
      </form>
    </Dialog>
  )
}

export type ConflictDialogProps = {
  readonly conflicts: readonly Conflict<Coming>[]
  readonly onAnswer: (answerOf: ((one: Conflict<Coming>) => Answer) | undefined) => void
}

/** One name after another, or all alike. */
export function ConflictDialog({ conflicts, onAnswer }: ConflictDialogProps): ReactNode {
  const { say } = useSurroundings()
  const [answers, setAnswers] = useState<readonly Answer[]>([])
  const [answer, setAnswer] = useState<Answer>('version')
  const [isForAll, setForAll] = useState(false)
  const conflict = conflicts[answers.length]
  if (conflict === undefined) return null
  const { item, isFolderThere } = conflict
  const isMixed = isFolderThere !== item.isFolder
  const rest = conflicts.length - answers.length
  const go = (): void => {
    const given = [...answers, ...Array.from({ length: isForAll ? rest : 1 }, () => answer)]
    if (given.length < conflicts.length) {
      setAnswers(given)
      return
    }
    const byItem = new Map(conflicts.map((one, i) => [one.item, given[i] as Answer]))
    onAnswer((one) => byItem.get(one.item) ?? 'both')
  }
  const both = { value: 'both' as const, label: say('conflict.both'), hint: say('conflict.both.hint') }
  const skip = { value: 'skip' as const, label: say('conflict.skip'), hint: say('conflict.skip.hint') }
  const version = {
    value: 'version' as const,
    label: say('conflict.version'),
    hint: say('conflict.version.hint'),
  }
  return (
    <Dialog
      isOpen
      onClose={() => onAnswer(undefined)}
      title={say('conflict.title', { name: nameOf(item.path) })}
      closeLabel={say('act.close')}
      foot={
        <>
          <Button onPress={() => onAnswer(undefined)}>{say('act.cancel')}</Button>
          <Button look="accent" onPress={go}>
            {say('act.continue')}
          </Button>
        </>
      }
    >
      <p>
        {say('conflict.text', {
          folder: parentOf(item.path) === '/' ? say('place.drive') : nameOf(parentOf(item.path)),
        })}
      </p>
      <RadioGroup
        label={say('conflict.question')}
        options={isMixed ? [both, skip] : [version, both, skip]}
        value={isMixed && answer === 'version' ? 'both' : answer}
        onChange={setAnswer}
      />
      {rest > 1 && (
        <Checkbox isSelected={isForAll} onChange={setForAll}>
          {say('conflict.all', { count: rest })}
        </Checkbox>
      )}
    </Dialog>
  )
}

export type TagDialogProps = {
  readonly entries: readonly Entry[]
  readonly known: readonly string[]
  readonly onTag: (change: { add: readonly string[]; remove: readonly string[] }) => void
  readonly onClose: () => void
}

const tagCharactersMax = 100

export function TagDialog({ entries, known, onTag, onClose }: TagDialogProps): ReactNode {
  const { say } = useSurroundings()
  const [text, setText] = useState('')
  const own = [...new Set(entries.flatMap(({ tags }) => tags))]
  const all = [...new Set([...own, ...known])]
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(own))
  const add = (): void => {
    const tag = text.trim().slice(0, tagCharactersMax)
    if (tag === '') return
    setChosen(new Set([...chosen, tag]))
    setText('')
  }
  const shown = [...new Set([...all, ...chosen])]
  const done = (): void => {
    const typed = text.trim().slice(0, tagCharactersMax)
    const wanted = typed === '' ? chosen : new Set([...chosen, typed])
    onTag({ add: [...wanted], remove: own.filter((tag) => !wanted.has(tag)) })
  }
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={say('tags.title')}
      closeLabel={say('act.close')}
      foot={
        <>
          <Button onPress={onClose}>{say('act.cancel')}</Button>
          <Button look="accent" onPress={done}>
            {say('act.done')}
          </Button>
        </>
      }
    >
      <form
        className="qd-tag-form"
        onSubmit={(event) => {
          event.preventDefault()
          add()
        }}
      >
        <TextField
          label={say('tags.new')}
          value={text}
          onChange={setText}
          autoFocus
          icon="tag"
          placeholder={say('tags.hint')}
        />
      </form>
      {shown.length > 0 && (
        <div className="qd-tag-choices">
          {shown.map((tag) => (
            <Checkbox
              key={tag}
              isSelected={chosen.has(tag)}
              onChange={(isChosen) =>
                setChosen(new Set(isChosen ? [...chosen, tag] : [...chosen].filter((one) => one !== tag)))
              }
            >
              <span className="qd-clip">{tag}</span>
            </Checkbox>
          ))}
        </div>
      )}
      <Note icon="lock">{say('tags.sealed')}</Note>
    </Dialog>
  )
}
