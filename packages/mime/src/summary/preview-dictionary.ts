/** What words in Latin letters are made of; packed, a preview takes two thirds of its size. */

import { createDictionary } from './dictionary.js'

const PIECES =
  'the |and |you |for |your |to |of |in |is |with |this |that |have |are |we |on |it |as |be |from |' +
  'our |will |not |can |please |Please |Thank |Hello |Dear |Hi |http://|https://|www.|.com|ing |tion |ment|ed |er |es |' +
  'en |ion|ent|ich |ein|und |der |die |sch|den |que |les |des |con |para |, |. |th|he|an|' +
  're|at|nd|or|te|al|ar|st|nt|ng|se|ha|ou|le|ve|co|me|de|hi|ri|' +
  'ro|ic|ne|ea|ra|ce|li|ch|ll|ma|si|om|ur|e |s |t |d |n |y |r |' +
  'o |a | a|in|er|on|en|es|ed|is|it|to|of|ti|be|el|no|la|us|un|' +
  'il|et|ss|ho|pe|di|wi'

export const previewDictionary = createDictionary(PIECES.split('|'))
