/* mkdir PATH ...: makes directories. */
#include "user/files_protocol.h"
#include "user/lib/file.h"
#include "user/lib/program.h"

int main(unsigned count, char **words)
{
    return paths_each(count, words, files_make_directory);
}
