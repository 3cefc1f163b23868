import { type ReactNode, useRef } from 'react'
import { Button } from './button.tsx'
import { TextField, type TextFieldProps } from './field.tsx'

export type FileTextProps = Pick<TextFieldProps, 'label' | 'hint' | 'error' | 'size'> & {
  readonly value: string
  readonly onChange: (value: string) => void
  /** The words of the button that takes a file. */
  readonly choose: string
  readonly rows?: number
  readonly charactersMax?: number
}

/** A text that somebody carried here: pasted, or taken from the file that it came in. */
export function FileText({
  choose,
  charactersMax = 100_000,
  rows = 3,
  onChange,
  ...field
}: FileTextProps): ReactNode {
  const input = useRef<HTMLInputElement>(null)
  // What is larger is not what was asked for: whoever reads the beginning of it says so.
  const take = async (file: File): Promise<void> =>
    onChange((await file.slice(0, charactersMax).text()).trim())
  return (
    <div className="aq-file-text">
      <TextField
        {...field}
        rows={rows}
        onChange={onChange}
        maxLength={charactersMax}
        autoComplete="off"
        spellCheck="false"
      />
      <input
        ref={input}
        type="file"
        hidden
        onChange={({ currentTarget }) => {
          const [chosen] = currentTarget.files ?? []
          currentTarget.value = ''
          if (chosen !== undefined) void take(chosen)
        }}
      />
      <div className="aq-acts">
        <Button icon="upload" onPress={() => input.current?.click()}>
          {choose}
        </Button>
      </div>
    </div>
  )
}
