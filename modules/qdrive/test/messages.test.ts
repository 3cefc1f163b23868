import { testTexts } from '@anarq/design/testing'
import { en } from '../ui/messages/en.ts'
import { es } from '../ui/messages/es.ts'

testTexts(en, es)
