import type { ReactNode } from 'react'
import {
  Select as AriaSelect,
  Button,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SelectValue,
} from 'react-aria-components'
import type { ChoiceProps } from './choice.tsx'
import { Icon } from './icon.tsx'

/** One of many. With four or fewer, use `Segments` or `RadioGroup`: they show what there is. */
export function Select<Value extends string>({
  label,
  options,
  value,
  onChange,
  isDisabled = false,
}: ChoiceProps<Value>): ReactNode {
  return (
    <AriaSelect
      className="aq-field"
      isDisabled={isDisabled}
      value={value}
      onChange={(key) => onChange(key as Value)}
    >
      <Label className="aq-label">{label}</Label>
      <Button className="aq-select-button">
        <SelectValue />
        <Icon name="chevron-down" />
      </Button>
      <Popover className="aq-popover" offset={4}>
        <ListBox className="aq-list">
          {options.map((option) => (
            <ListBoxItem key={option.value} id={option.value} textValue={option.label} className="aq-item">
              {({ isSelected }) => (
                <>
                  {option.icon !== undefined && <Icon name={option.icon} />}
                  <span>{option.label}</span>
                  {isSelected && (
                    <span className="aq-item-check">
                      <Icon name="check" />
                    </span>
                  )}
                </>
              )}
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </AriaSelect>
  )
}
