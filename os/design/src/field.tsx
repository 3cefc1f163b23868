import { type ReactNode, useState } from 'react'
import {
  TextField as AriaField,
  type TextFieldProps as AriaFieldProps,
  SearchField as AriaSearchField,
  type SearchFieldProps as AriaSearchFieldProps,
  FieldError,
  Group,
  Input,
  Label,
  Text,
  TextArea,
} from 'react-aria-components'
import { IconButton } from './button.tsx'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'
import { Strength } from './strength-meter.tsx'

type Parts = {
  readonly label: string
  /** Helps before anything is wrong. */
  readonly hint?: ReactNode
  /** What is wrong and what to do; the field is shown as invalid while it is there. */
  readonly error?: string | undefined
  readonly size?: 'medium' | 'large'
}

export type TextFieldProps = Omit<AriaFieldProps, 'children' | 'className' | 'style'> &
  Parts & {
    readonly placeholder?: string
    readonly icon?: IconName
    /** More than one line, that many at first. */
    readonly rows?: number
  }

export function TextField({
  label,
  hint,
  error,
  size = 'medium',
  placeholder,
  icon,
  rows,
  ...rest
}: TextFieldProps): ReactNode {
  const shown = placeholder === undefined ? {} : { placeholder }
  return (
    <AriaField {...rest} isInvalid={error !== undefined} className="aq-field" data-size={size}>
      <Label className="aq-label">{label}</Label>
      <Group className="aq-box" isInvalid={error !== undefined}>
        {icon !== undefined && <Icon name={icon} />}
        {rows === undefined ? (
          <Input className="aq-input" {...shown} />
        ) : (
          <TextArea className="aq-input" rows={rows} {...shown} />
        )}
      </Group>
      <Below hint={hint} error={error} />
    </AriaField>
  )
}

export type PasswordFieldProps = Omit<AriaFieldProps, 'children' | 'className' | 'style' | 'type'> &
  Parts & {
    /** The words of its two buttons, in the reader's language. */
    readonly words: { readonly show: string; readonly hide: string }
    /** Shows how hard the value is to guess, with these words for the four levels. */
    readonly strength?: StrengthWords
  }

export type StrengthWords = Readonly<Record<'label' | 'weak' | 'fair' | 'good' | 'strong', string>>

/** Can be shown, since a passphrase that one cannot read is typed wrong; with a meter where one is chosen. */
export function PasswordField({
  label,
  hint,
  error,
  size = 'medium',
  words,
  strength,
  ...rest
}: PasswordFieldProps): ReactNode {
  const [isShown, setShown] = useState(false)
  return (
    <AriaField
      autoComplete={strength === undefined ? 'current-password' : 'new-password'}
      {...rest}
      type={isShown ? 'text' : 'password'}
      isInvalid={error !== undefined}
      className="aq-field"
      data-size={size}
    >
      <Label className="aq-label">{label}</Label>
      <Group className="aq-box" isInvalid={error !== undefined}>
        <Input className="aq-input" spellCheck="false" autoCapitalize="off" />
        <IconButton
          size="small"
          icon={isShown ? 'eye-off' : 'eye'}
          label={isShown ? words.hide : words.show}
          onPress={() => setShown(!isShown)}
        />
      </Group>
      {strength !== undefined && <Strength value={rest.value ?? ''} words={strength} />}
      <Below hint={hint} error={error} />
    </AriaField>
  )
}

export type SearchFieldProps = Omit<AriaSearchFieldProps, 'children' | 'className' | 'style'> & {
  readonly label: string
  readonly placeholder?: string
}

/** Its label is for those who hear it; the placeholder says what can be found. */
export function SearchField({ label, placeholder, ...rest }: SearchFieldProps): ReactNode {
  return (
    <AriaSearchField {...rest} aria-label={label} className="aq-field">
      <Group className="aq-box">
        <Icon name="search" />
        <Input className="aq-input" placeholder={placeholder ?? label} />
      </Group>
    </AriaSearchField>
  )
}

function Below({ hint, error }: Pick<Parts, 'hint' | 'error'>): ReactNode {
  return (
    <>
      {hint !== undefined && error === undefined && (
        <Text slot="description" className="aq-hint">
          {hint}
        </Text>
      )}
      <FieldError className="aq-error">{error}</FieldError>
    </>
  )
}
