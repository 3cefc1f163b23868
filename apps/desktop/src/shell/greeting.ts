import type { MessageKey } from '../messages/messages.ts'

/** What one says at this hour, 0 to 23. */
export function greetingAt(hour: number): MessageKey {
  if (hour < 5) return 'greeting.night'
  if (hour < 12) return 'greeting.morning'
  return hour < 19 ? 'greeting.afternoon' : 'greeting.evening'
}
