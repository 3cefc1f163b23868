import { Badge, exactlyOf, Facts, Icon, IconButton, Line, momentOf } from '@anarq/design'
import { type ReactNode, useState } from 'react'
import { useSurroundings } from '../context.ts'
import { type Alert, evidenceOf, kindKey, readable, stepText, toneOfSeverity } from '../logic/alerts.ts'

/** One alert; its evidence opens below. */
export function AlertLine({ alert }: { readonly alert: Alert }): ReactNode {
  const { say, locale, nameOf } = useSurroundings()
  const [isOpen, setOpen] = useState(false)
  const { atMs, kind, severity, identity, sentence, evidence } = alert
  const title = say(kindKey(kind))
  return (
    <Line
      lead={<Icon name={kind === 'decoy' ? 'eye' : 'alert'} />}
      title={title}
      text={
        <>
          {readable(sentence, nameOf)}
          <br />
          {momentOf(atMs, locale)}
        </>
      }
      end={
        <>
          <Badge tone={toneOfSeverity[severity]}>{say(`severity.${severity}`)}</Badge>
          <IconButton
            icon={isOpen ? 'chevron-down' : 'chevron-right'}
            label={say(isOpen ? 'evidence.hide' : 'evidence.show', { title })}
            aria-expanded={isOpen}
            onPress={() => setOpen(!isOpen)}
          />
        </>
      }
    >
      {isOpen && (
        <div className="guardian-evidence">
          <Facts
            facts={[
              { name: say('evidence.who'), value: nameOf(identity) },
              ...evidenceOf(alert).map(({ name, value }) => ({
                name: typeof name === 'string' ? say(name) : name.counted,
                value: <code>{value}</code>,
              })),
            ]}
          />
          {evidence.steps !== undefined && evidence.steps.length > 0 && (
            <>
              <p className="aq-small">{say('evidence.steps')}</p>
              <ol className="guardian-steps">
                {evidence.steps.map((step) => (
                  <li key={`${step.atMs} ${stepText(step)}`}>
                    <span>{exactlyOf(step.atMs, locale)}</span> <code>{stepText(step)}</code>
                  </li>
                ))}
              </ol>
            </>
          )}
        </div>
      )}
    </Line>
  )
}
