import type { ReactNode } from 'react'
import {
  Checkbox as AriaCheckbox,
  type CheckboxProps as AriaCheckboxProps,
  Radio as AriaRadio,
  RadioGroup as AriaRadioGroup,
  Slider as AriaSlider,
  type SliderProps as AriaSliderProps,
  Switch as AriaSwitch,
  type SwitchProps as AriaSwitchProps,
  type Key,
  Label,
  SliderFill,
  SliderOutput,
  SliderThumb,
  SliderTrack,
  Text,
  ToggleButton,
  ToggleButtonGroup,
} from 'react-aria-components'
import { Icon } from './icon.tsx'
import type { IconName } from './icons.ts'

export type CheckboxProps = Omit<AriaCheckboxProps, 'children' | 'className' | 'style'> & {
  readonly children: ReactNode
}

/** Several may hold, or none. It takes effect with the button of its form. */
export function Checkbox({ children, ...rest }: CheckboxProps): ReactNode {
  return (
    <AriaCheckbox {...rest} className="aq-choice">
      {({ isSelected, isIndeterminate }) => (
        <>
          <span className="aq-choice-mark">
            {isIndeterminate ? <Icon name="minimise" /> : isSelected && <Icon name="check" />}
          </span>
          <span>{children}</span>
        </>
      )}
    </AriaCheckbox>
  )
}

export type SwitchProps = Omit<AriaSwitchProps, 'children' | 'className' | 'style'> & {
  readonly children: ReactNode
}

/** On or off, at once. */
export function Switch({ children, ...rest }: SwitchProps): ReactNode {
  return (
    <AriaSwitch {...rest} className="aq-choice aq-switch">
      <span>{children}</span>
      <span className="aq-switch-track" />
    </AriaSwitch>
  )
}

export type Option<Value extends string = string> = {
  readonly value: Value
  readonly label: string
  readonly hint?: string
  readonly icon?: IconName
  /** The picture says it to those who see; the label is read out. */
  readonly hidesLabel?: boolean
}

export type ChoiceProps<Value extends string> = {
  readonly label: string
  readonly options: readonly Option<Value>[]
  readonly value: Value
  readonly onChange: (value: Value) => void
  readonly isDisabled?: boolean
}

/** One of a few that need a sentence each. */
export function RadioGroup<Value extends string>({
  label,
  options,
  value,
  onChange,
  isDisabled = false,
}: ChoiceProps<Value>): ReactNode {
  return (
    <AriaRadioGroup
      className="aq-field"
      value={value}
      isDisabled={isDisabled}
      onChange={(chosen) => onChange(chosen as Value)}
    >
      <Label className="aq-label">{label}</Label>
      <div className="aq-choices">
        {options.map((option) => (
          <AriaRadio key={option.value} value={option.value} className="aq-choice">
            <span className="aq-choice-mark" data-round="" />
            <span>
              {option.label}
              {option.hint !== undefined && (
                <Text slot="description" className="aq-hint" style={{ display: 'block' }}>
                  {option.hint}
                </Text>
              )}
            </span>
          </AriaRadio>
        ))}
      </div>
    </AriaRadioGroup>
  )
}

/** One of two to four that a word or a picture says; takes effect at once. */
export function Segments<Value extends string>({
  label,
  options,
  value,
  onChange,
  isDisabled = false,
}: ChoiceProps<Value>): ReactNode {
  return (
    <ToggleButtonGroup
      aria-label={label}
      className="aq-segments"
      isDisabled={isDisabled}
      disallowEmptySelection
      selectedKeys={[value]}
      onSelectionChange={(keys: Set<Key>) => {
        for (const key of keys) onChange(key as Value)
      }}
    >
      {options.map((option) => (
        <ToggleButton
          key={option.value}
          id={option.value}
          className="aq-segment"
          {...(option.hidesLabel === true ? { 'aria-label': option.label } : {})}
        >
          {option.icon !== undefined && <Icon name={option.icon} />}
          {option.hidesLabel !== true && option.label}
        </ToggleButton>
      ))}
    </ToggleButtonGroup>
  )
}

export type SliderProps = Omit<AriaSliderProps<number>, 'children' | 'className' | 'style'> & {
  readonly label: string
}

export function Slider({ label, ...rest }: SliderProps): ReactNode {
  return (
    <AriaSlider {...rest} className="aq-slider">
      <Label className="aq-label">{label}</Label>
      <SliderOutput />
      <SliderTrack className="aq-slider-track">
        <SliderFill className="aq-slider-fill" />
        <SliderThumb className="aq-slider-thumb" />
      </SliderTrack>
    </AriaSlider>
  )
}
