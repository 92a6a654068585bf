/* The shell's language (user/shell/parse.h). */
#include "lib/error.h"
#include "lib/format.h"
#include "lib/string.h"
#include "tests/host/host.h"
#include "user/shell/parse.h"

static struct statement statement;
static const char *reason;

static const char *value(void *context maybe_unused, const char *name)
{
    return string_equal(name, "A") ? "one two" : string_equal(name, "?") ? "7" : NULL;
}

/* Writes a statement as text: [word][word]<input>output, '|' between commands, and how it ends. */
static const char *parsed(const char **text)
{
    static char out[4096];
    size_t used = 0;

    out[0] = '\0';
    if (statement_parse(&statement, text, value, NULL, &reason) != OK) {
        return reason;
    }
    for (unsigned i = 0; i < statement.count; i++) {
        const struct command *command = &statement.commands[i];

        used += format_string(out + used, sizeof(out) - used, "%s", i > 0 ? "|" : "");
        for (unsigned word = 0; word < command->count; word++) {
            used += format_string(out + used, sizeof(out) - used, "[%s]", command->words[word]);
        }
        host_check(command->words[command->count] == NULL);
        if (command->input != NULL) {
            used += format_string(out + used, sizeof(out) - used, "<%s", command->input);
        }
        if (command->output != NULL) {
            used += format_string(out + used, sizeof(out) - used, "%s%s",
                                  command->appends ? ">>" : ">", command->output);
        }
    }
    static const char *const ends[] = {"", " &", " &&", " ||"};
    format_string(out + used, sizeof(out) - used, "%s", ends[statement.end]);
    return out;
}

static void expect(const char *text, const char *first)
{
    const char *at = text;

    host_equal_text(parsed(&at), first);
}

HOST_TEST(HSP0001, "words are cut at blanks, and quotes, backslashes and variables make one word")
{
    expect("echo a  b\t c", "[echo][a][b][c]");
    expect("echo 'a  b' \"c d\" e\\ f g'h'\"i\"", "[echo][a  b][c d][e f][ghi]");
    expect("echo '' \"\"", "[echo][][]");
    expect("echo $A ${A}x \"$A\" '$A' \\$A $?", "[echo][one two][one twox][one two][$A][$A][7]");
    expect("echo $B. $ a$ \"a\\\"b\\\\\"", "[echo][.][$][a$][a\"b\\]");
    expect("echo a#b # c; d", "[echo][a#b]");
    expect("", "");
    expect("  # nothing", "");
}

HOST_TEST(HSP0002, "pipes, redirections, and what stands behind a statement are taken")
{
    expect("a|b | c x", "[a]|[b]|[c][x]");
    expect("a <i >o", "[a]<i>o");
    expect(">> 'o o' a b", "[a][b]>>o o");
    expect("sleep 5 & x", "[sleep][5] &");
    expect("a && b", "[a] &&");
    expect("a ||\n b", "[a] ||");

    const char *text = "a; b && c\n\n# d\ne|f &";
    host_equal_text(parsed(&text), "[a]");
    host_equal_text(parsed(&text), "[b] &&");
    host_equal_text(parsed(&text), "[c]");
    host_equal_text(parsed(&text), "[e]|[f] &");
    host_equal_text(parsed(&text), "");
    host_equal(statement.count, 0);
    host_equal(*text, '\0');
}

HOST_TEST(HSP0003, "what is no statement is refused with a reason, and nothing of it is left")
{
    static const char *const wrong[][2] = {
        {"echo 'a", "a quote is not closed"},
        {"echo \"a", "a quote is not closed"},
        {"echo a\\", "nothing follows the last '\\'"},
        {"echo ${A", "'${' needs a name and '}'"},
        {"echo ${}", "'${' needs a name and '}'"},
        {"|", "a command is missing"},
        {"a|", "a command is missing"},
        {"a||", "a command is missing"},
        {"a|;b", "a command is missing"},
        {";", "a command is missing"},
        {"& a", "a command is missing"},
        {"> f", "a command is missing"},
        {"a >", "the name of a file is missing"},
        {"a > f > g", "a command has one input and one output"},
        {"a|a|a|a|a|a|a|a|a", "there are too many commands in the pipe"},
    };

    for (unsigned i = 0; i < array_length(wrong); i++) {
        const char *text = wrong[i][0];

        host_equal(statement_parse(&statement, &text, value, NULL, &reason), ERROR_INVALID);
        host_equal_text(reason, wrong[i][1]);
        host_equal(statement.count, 0);
        host_equal(*text, '\0');
    }
}

HOST_TEST(HSP0004,
          "a statement of too many words or bytes is refused, one of as many as fit is taken")
{
    static char text[2 * STATEMENT_BYTES];
    const char *at = text;

    for (unsigned i = 0; i < STATEMENT_WORDS; i++) {
        text[2 * i] = 'a';
        text[2 * i + 1] = ' ';
    }
    host_equal(statement_parse(&statement, &at, value, NULL, &reason), OK);
    host_equal(statement.commands[0].count, STATEMENT_WORDS);
    text[2 * STATEMENT_WORDS] = 'a';
    at = text;
    host_equal(statement_parse(&statement, &at, value, NULL, &reason), ERROR_INVALID);
    host_equal_text(reason, "there are too many words");

    memset(text, 'a', sizeof(text) - 1);
    at = text;
    host_equal(statement_parse(&statement, &at, value, NULL, &reason), ERROR_INVALID);
    host_equal_text(reason, "the statement is too long");
    text[STATEMENT_BYTES - 1] = '\0';
    at = text;
    host_equal(statement_parse(&statement, &at, value, NULL, &reason), OK);
    host_equal(strlen(statement.commands[0].words[0]), STATEMENT_BYTES - 1);
}

HOST_TEST(HSP0005, "any text is taken to its end, statement by statement, within the bounds")
{
    static const char characters[] = "ab '\"\\$A{}?|&;<>#\n\t=";
    char text[200];

    for (unsigned round = 0; round < 20000; round++) {
        size_t bytes = (size_t)host_random_below(sizeof(text));
        unsigned statements = 0;

        for (size_t i = 0; i < bytes; i++) {
            text[i] = host_random_below(50) == 0
                          ? (char)(1 + host_random_below(255))
                          : characters[host_random_below(sizeof(characters) - 1)];
        }
        text[bytes] = '\0';
        for (const char *at = text;; statements++) {
            const char *before = at;
            int error = statement_parse(&statement, &at, value, NULL, &reason);

            host_check(at >= before && at <= text + bytes);
            host_check(statement.used <= STATEMENT_BYTES);
            host_check(statement.count <= STATEMENT_COMMANDS);
            if (error != OK || statement.count == 0) {
                host_check(*at == '\0');
                break;
            }
            host_check(at > before);
            for (unsigned i = 0; i < statement.count; i++) {
                host_check(statement.commands[i].count > 0);
                for (unsigned word = 0; word < statement.commands[i].count; word++) {
                    const char *is = statement.commands[i].words[word];
                    host_check(is >= statement.bytes && is < statement.bytes + statement.used);
                }
            }
        }
        host_check(statements <= bytes);
    }
}

HOST_TEST(HSP0006, "an assignment is a name, '=' and anything")
{
    size_t bytes;

    host_check(word_is_assignment("A=", &bytes) && bytes == 1);
    host_check(word_is_assignment("_a1=b=c", &bytes) && bytes == 3);
    host_check(!word_is_assignment("1a=b", &bytes));
    host_check(!word_is_assignment("=b", &bytes));
    host_check(!word_is_assignment("a b=c", &bytes));
    host_check(!word_is_assignment("abc", &bytes));
}
