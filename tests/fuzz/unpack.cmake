# Unpacks the committed corpora, and adds what once failed. -DSOURCE=tests/fuzz -DFOLDER=...
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER})
file(GLOB archives ${SOURCE}/corpus/*.tar.xz)
foreach(archive ${archives})
    file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${FOLDER})
endforeach()
file(COPY ${SOURCE}/found/ DESTINATION ${FOLDER})
