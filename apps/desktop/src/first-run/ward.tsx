import { Button, copyText, FileText, Note, saveFile, TextField } from '@anarq/design'
import { type ReactNode, useEffect, useState } from 'react'
import { problemText } from '../client/problem.ts'
import { useSurroundings } from '../shell/context.ts'
import { Card } from './card.tsx'
import { lackOf, NewPassphrase } from './passphrase.tsx'
import { Problem } from './problem.tsx'
import { useOne } from './use-one.ts'

export type EnrolProps = {
  readonly onBack: () => void
  readonly onEnrolled: (passphrase: string) => void
}

/** A child's own device, before its guardian knows of it: its keys are made. */
export function Enrol({ onBack, onEnrolled }: EnrolProps): ReactNode {
  const { client, say } = useSurroundings()
  const [name, setName] = useState('')
  const [passphrase, setPassphrase] = useState('')
  const [wasTried, setTried] = useState(false)
  const { isBusy, problem, run } = useOne()
  const lack = lackOf(passphrase, say)
  const isNameless = name.trim() === ''
  const submit = (): void => {
    setTried(true)
    if (isNameless || lack !== undefined) return
    run(async () => {
      await client.enrol({ name: name.trim(), passphrase })
      onEnrolled(passphrase)
    })
  }
  return (
    <Card
      title={say('ward.title')}
      text={say('ward.text')}
      onBack={isBusy ? undefined : onBack}
      onSubmit={submit}
    >
      <TextField
        label={say('ward.name')}
        hint={say('ward.name.hint')}
        size="large"
        value={name}
        onChange={setName}
        maxLength={100}
        autoComplete="nickname"
        error={wasTried && isNameless ? say('first.name.missing') : undefined}
      />
      <NewPassphrase
        value={passphrase}
        onChange={setPassphrase}
        isReadOnly={isBusy}
        error={wasTried ? lack : undefined}
      />
      <Problem>{problem}</Problem>
      <Button look="accent" size="large" isWide type="submit" isPending={isBusy}>
        {say('ward.make')}
      </Button>
    </Card>
  )
}

/** What a child's device waits for: its identity, another week, or its own key. */
export type Wait = 'identity' | 'renewal' | 'key'

const heads = {
  identity: { title: 'join.identity', text: 'join.identity.text' },
  renewal: { title: 'join.renewal', text: 'join.renewal.text' },
  key: { title: 'join.key', text: 'join.key.text' },
} as const

export type JoinProps = {
  readonly wait: Wait
  /** Of this device: what a guardian made lets nobody in without it. */
  readonly passphrase: string
  readonly onBack?: (() => void) | undefined
  readonly onJoined: (name: string) => void
}

/** Takes in what a guardian made, and shows before what the guardian needs for it. */
export function Join({ wait, passphrase, onBack, onJoined }: JoinProps): ReactNode {
  const { client, say } = useSurroundings()
  const [file, setFile] = useState('')
  const { isBusy, problem, run } = useOne()
  const submit = (): void => {
    if (file.trim() === '') return
    run(async () => {
      await client.join({ file: file.trim(), passphrase })
      onJoined(client.session()?.name ?? '')
    })
  }
  return (
    <Card
      title={say(heads[wait].title)}
      text={say(heads[wait].text)}
      isWide
      onBack={isBusy ? undefined : onBack}
      onSubmit={submit}
    >
      {wait === 'identity' && <OwnText passphrase={passphrase} />}
      <FileText
        label={say('join.file')}
        hint={say('join.file.hint')}
        choose={say('join.choose')}
        value={file}
        onChange={setFile}
      />
      <Problem>{problem}</Problem>
      <Button
        look="accent"
        size="large"
        isWide
        type="submit"
        isPending={isBusy}
        isDisabled={file.trim() === ''}
      >
        {say('join.act')}
      </Button>
      {wait === 'identity' && <Note icon="info">{say('join.later')}</Note>}
    </Card>
  )
}

/** What the guardian needs of this device; no secret. */
function OwnText({ passphrase }: { readonly passphrase: string }): ReactNode {
  const { client, say } = useSurroundings()
  const [own, setOwn] = useState<{ readonly name: string; readonly device: string }>()
  const [problem, setProblem] = useState<string>()
  const [isCopied, setCopied] = useState(false)
  useEffect(() => {
    client.enrolment({ passphrase }).then(setOwn, (thrown: unknown) => setProblem(problemText(say, thrown)))
  }, [client, passphrase, say])
  const copy = async (): Promise<void> => {
    await copyText(own?.device ?? '')
    setCopied(true)
  }
  return (
    <div className="aq-file-text">
      <TextField
        label={say('join.own')}
        hint={say('join.own.hint')}
        rows={3}
        isReadOnly
        value={own?.device ?? ''}
      />
      <Problem>{problem}</Problem>
      <div className="words-acts">
        <Button
          look="outline"
          icon={isCopied ? 'check' : 'copy'}
          isDisabled={own === undefined}
          onPress={() => void copy().catch(() => undefined)}
        >
          {say(isCopied ? 'act.copied' : 'act.copy')}
        </Button>
        <Button
          look="outline"
          icon="download"
          isDisabled={own === undefined}
          onPress={() => saveFile('anarq.device', own?.device ?? '', 'text/plain')}
        >
          {say('join.save')}
        </Button>
      </div>
    </div>
  )
}
