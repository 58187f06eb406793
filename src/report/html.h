/*
 * html.h - texts and numbers for a page. What cannot be shown becomes a dash. Failures to write
 * stay in the stream's error flag. [any thread]
 */
#ifndef AMCT_REPORT_HTML_H
#define AMCT_REPORT_HTML_H

#include <stdio.h>

enum { AMCT_HTML_TEXT_MAX = 400 }; /* characters of a text; longer ones are cut with an ellipsis */

/* Any bytes as the content of an element or of a quoted attribute. Bytes that are not UTF-8,
 * control characters and overrides of the writing direction become U+FFFD. NULL: a dash. */
void amct_html_text(FILE *out, const char *text);

/* The same, with places behind slashes where a line may break; not for attributes. */
void amct_html_name(FILE *out, const char *name);

/* A path as a relative reference for href: never a scheme, never another host. */
void amct_html_href(FILE *out, const char *path);

/* With so many digits behind the point, and a true minus; not finite: a dash. */
void amct_html_number(FILE *out, double value, int decimals);
/* The same with a plus in front of what is above 0. */
void amct_html_change(FILE *out, double value, int decimals);
/* How many digits behind the point show the value with that many significant ones; at most 6. */
int amct_html_decimals(double value, int significant);

/* "4.21 MB", "8.1 s", "2 h 13 min". */
void amct_html_bytes(FILE *out, double bytes);
void amct_html_duration(FILE *out, double seconds);
/* A whole number with its thousands apart; about, if it is beyond what a double holds exactly. */
void amct_html_count(FILE *out, double count);

#endif
